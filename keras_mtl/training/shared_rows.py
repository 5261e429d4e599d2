"""The rows that many members share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from keras_mtl.training.pack_batch import pack_labels
from keras_mtl.training.shared_arrays import as_tensor
from keras_mtl.training.task_blocks import TaskBlocks

__all__ = ["SharedRows"]

Labels = tuple[tf.Tensor | None, ...]


class SharedRows:
    """Gives batches of rows, one of each member at a time.

    Args:
        blocks: The blocks of tasks.
        labels: By task name, with NaN where missing: (N,) or (N, labels).
    """

    def __init__(self, blocks: TaskBlocks, labels: Mapping[str, Any]) -> None:
        values = {name: as_tensor(labels[name]) for name in blocks.names}
        self._labels = pack_labels(blocks, values)

    def gather(self, rows: tf.Tensor, source: Any) -> tuple[Any, Labels]:
        """Returns the rows' inputs and labels.

        Args:
            rows: The rows' numbers, (K, batch_size).
            source: All inputs, or what gives those of these rows.
        """
        if isinstance(source, tf.Tensor):
            return tf.gather(source, tf.maximum(rows, 0)), self.labels(rows)
        return source.get_next(), self.labels(rows)

    def labels(self, rows: tf.Tensor) -> Labels:
        """Returns the rows' labels by block; those of no row are missing."""

        def gather(values: tf.Tensor | None) -> tf.Tensor | None:
            if values is None:
                return None
            gathered = tf.gather(values, tf.maximum(rows, 0))
            present = rows >= 0
            for _ in range(len(gathered.shape) - len(rows.shape)):
                present = present[..., None]
            return tf.where(present, gathered, float("nan"))

        return tuple(map(gather, self._labels))
