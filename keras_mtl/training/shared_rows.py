"""The rows that many members share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from keras_mtl.training.shared_arrays import as_tensor

__all__ = ["SharedRows"]


class SharedRows:
    """Gives batches of rows, one of each member at a time.

    Args:
        names: The tasks' names.
        labels: By task name, with NaN where missing: (N,) or (N, labels).
    """

    def __init__(self, names: Iterable[str], labels: Mapping[str, Any]) -> None:
        self._labels = {name: as_tensor(labels[name]) for name in names}

    def gather(self, rows: tf.Tensor, source: Any) -> tuple[Any, dict[str, tf.Tensor]]:
        """Returns the rows' inputs and labels.

        Args:
            rows: The rows' numbers, (K, batch_size).
            source: All inputs, or what gives those of these rows.
        """
        if isinstance(source, tf.Tensor):
            return tf.gather(source, tf.maximum(rows, 0)), self.labels(rows)
        return source.get_next(), self.labels(rows)

    def labels(self, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the rows' labels; those of no row are missing."""
        present = rows >= 0
        labels = {}
        for name, values in self._labels.items():
            gathered = tf.gather(values, tf.maximum(rows, 0))
            one = len(gathered.shape) == len(rows.shape)
            mask = present if one else present[..., None]
            labels[name] = tf.where(mask, gathered, float("nan"))
        return labels
