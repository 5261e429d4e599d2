"""The rows that many members share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from keras_mtl.training.batch_step import Batch
from keras_mtl.training.packed_rows import PackedRows
from keras_mtl.training.shared_arrays import as_tensor

__all__ = ["SharedRows"]


class SharedRows:
    """Gives batches of rows, one of each member at a time.

    Args:
        names: The tasks' names.
        labels: By task name, with NaN where missing: (N,) or (N, labels).
    """

    def __init__(self, names: Iterable[str], labels: Mapping[str, Any]) -> None:
        values = {name: as_tensor(labels[name]) for name in names}
        self._labels = PackedRows.of(Batch(None, values))

    def gather(self, rows: tf.Tensor, source: Any) -> tuple[Any, PackedRows]:
        """Returns the rows' inputs and labels.

        Args:
            rows: The rows' numbers, (K, batch_size).
            source: All inputs, or what gives those of these rows.
        """
        if isinstance(source, tf.Tensor):
            return tf.gather(source, tf.maximum(rows, 0)), self.labels(rows)
        return source.get_next(), self.labels(rows)

    def labels(self, rows: tf.Tensor) -> PackedRows:
        """Returns the rows' labels; those of no row are missing.

        They are still packed: members are mapped over them as a few tensors.
        """

        def gather(values: tf.Tensor) -> tf.Tensor:
            gathered = tf.gather(values, tf.maximum(rows, 0))
            present = rows >= 0
            for _ in range(len(gathered.shape) - len(rows.shape)):
                present = present[..., None]
            return tf.where(present, gathered, float("nan"))

        return self._labels.map(gather)
