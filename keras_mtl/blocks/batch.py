"""One batch of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

__all__ = ["Batch"]


class Batch(NamedTuple):
    """One batch, or all rows.

    Attributes:
        inputs: The model's inputs.
        labels: The labels of each block of tasks, (N, T, ...), with NaN where missing;
            None for a block without labels. (Before `pack_batch`, the labels as a user
            passes them.)
        sample_weights: The weights of the rows, (N,); or for each block (N, T) or None;
            or None.
        present: Booleans, (N,): False for rows that only fill the batch, which have no
            labels; None if all rows are present.
    """

    inputs: Any
    labels: Any
    sample_weights: Any = None
    present: Any = None

    def map(self, function: Callable[[Any], Any]) -> Batch:
        """Apply a function to each array of the batch."""
        return Batch(
            *[
                keras.tree.map_structure(
                    lambda array: None if array is None else function(array), part
                )
                for part in self
            ]
        )

    def take(self, index: Any) -> Batch:
        """Return the rows at given indices, (n,)."""
        return self.map(lambda array: tf.gather(array, index))

    @property
    def row_count(self) -> int:
        """The number of rows, for arrays of known shapes."""
        return int(keras.tree.flatten(self.inputs)[0].shape[0])

    @property
    def data(self) -> tuple[Any, Any, Any]:
        """The inputs, labels and weights, in Keras's form."""
        return self.inputs, self.labels, self.sample_weights
