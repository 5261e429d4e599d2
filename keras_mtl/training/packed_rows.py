"""Rows in memory, packed so that a batch of many tasks' labels is one look-up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras
import tensorflow as tf

from keras_mtl.training.batch_step import Batch
from keras_mtl.training.parted_tensor import part

__all__ = ["PackedRows"]

# From this number of arrays of one shape on, the labels of many tasks say, they
# are put side by side.
PACKED_FROM = 8


@dataclass(frozen=True)
class PackedRows:
    """Rows of which many batches are taken.

    Compiled functions and `tf.vectorized_map` take it as an argument, for
    TensorFlow knows how to part it: the arrays are tensors, the rest is fixed.

    Attributes:
        arrays: (N, ...), or (N, arrays, ...) of several of one shape and type.
        places: For each of `arrays` the numbers of the values that it holds.
        structure: The fields of a `Batch` with the values' numbers in place of
            the values.

    Example:

    >>> labels = {f"t{i}": tf.range(3) + i for i in range(9)}
    >>> rows = PackedRows.of(Batch(tf.eye(3), labels))
    >>> len(rows), len(rows.arrays)
    (3, 2)
    >>> rows.take([2, 0]).labels["t5"].numpy().tolist()
    [7, 5]
    """

    arrays: tuple[tf.Tensor, ...]
    places: tuple[tuple[int, ...], ...]
    structure: tuple[Any, ...]

    @classmethod
    def of(cls, rows: Batch) -> PackedRows:
        """Packs rows."""
        leaves = [leaf for leaf in keras.tree.flatten(tuple(rows)) if leaf is not None]
        numbers = iter(range(len(leaves)))
        structure = keras.tree.map_structure(
            lambda leaf: None if leaf is None else next(numbers), tuple(rows)
        )
        alike: dict[Any, list[int]] = {}
        for place, leaf in enumerate(leaves):
            alike.setdefault((leaf.dtype, tuple(leaf.shape)), []).append(place)
        arrays, places = [], []
        for group in alike.values():
            if len(group) >= PACKED_FROM:
                arrays.append(tf.stack([leaves[place] for place in group], axis=1))
                places.append(tuple(group))
            else:
                arrays += [leaves[place] for place in group]
                places += [(place,) for place in group]
        return cls(tuple(arrays), tuple(places), structure)

    def __len__(self) -> int:
        return int(self.arrays[0].shape[0])

    def take(self, index: Any) -> Batch:
        """Returns the rows of these numbers, (N,)."""
        return self.map(lambda array: tf.gather(array, index)).batch()

    def map(self, function: Callable[[tf.Tensor], tf.Tensor]) -> PackedRows:
        """Returns what a function of the arrays' first axis makes of them."""
        return replace(self, arrays=tuple(map(function, self.arrays)))

    def batch(self) -> Batch:
        """Returns all rows, unpacked."""
        taken: dict[int, tf.Tensor] = {}
        for array, group in zip(self.arrays, self.places, strict=True):
            parts = [array] if len(group) == 1 else part(array)
            taken.update(zip(group, parts, strict=True))
        return Batch(
            *keras.tree.map_structure(
                lambda place: None if place is None else taken[place], self.structure
            )
        )

    # TensorFlow's protocol for what holds tensors.
    def __tf_flatten__(self) -> tuple[Any, tuple[tf.Tensor, ...]]:
        return (self.places, self.structure), self.arrays

    @classmethod
    def __tf_unflatten__(cls, metadata: Any, components: Any) -> PackedRows:
        return cls(tuple(components), *metadata)
