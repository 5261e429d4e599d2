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
        labels: For each block of tasks (N, T, ...), with NaN where missing; None
            for a block without any labels. (Or as a user passes them, before
            `pack_batch`.)
        sample_weights: Of the rows, (N,); or for each block (N, T) or None; or
            None.
        present: Which rows are there, where others fill the batch up; or None.
            Those that are not have no labels.
    """

    inputs: Any
    labels: Any
    sample_weights: Any = None
    present: Any = None

    def map(self, function: Callable[[Any], Any]) -> Batch:
        """Return what a function of each array makes of the batch."""
        return Batch(
            *[
                keras.tree.map_structure(
                    lambda array: None if array is None else function(array), part
                )
                for part in self
            ]
        )

    def take(self, index: Any) -> Batch:
        """Return the rows of these numbers, (n,)."""
        return self.map(lambda array: tf.gather(array, index))

    @property
    def row_count(self) -> int:
        """The number of rows, of arrays whose shapes are known."""
        return int(keras.tree.flatten(self.inputs)[0].shape[0])

    @property
    def data(self) -> tuple[Any, Any, Any]:
        """What Keras takes: inputs, labels and weights."""
        return self.inputs, self.labels, self.sample_weights
