"""The metrics of blocks of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_mtl.blocks.task_blocks import TaskBlock, TaskBlocks
from keras_mtl.blocks.task_losses import tasks_first
from keras_mtl.metrics import VectorMetric, can_stack_metric, stack_metric

__all__ = ["BlockMetrics", "LossTrackers", "block_metrics"]


class LossTrackers(VectorMetric):
    """The mean of each task's loss over the rows with its label.

    Args:
        tasks: The tasks' names.

    Example:

    >>> import numpy as np
    >>> trackers = LossTrackers(["thal", "heart"])
    >>> trackers.update_state(np.array([0.5, 2.0]), np.array([10.0, 0.0]))
    >>> {name: float(value) for name, value in trackers.result().items()}
    {'thal_loss': 0.5, 'heart_loss': 0.0}
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__(name="task_losses")
        # Keras's names for the losses of outputs.
        self.names = tuple(f"{task}_loss" for task in tasks)
        self.total = self.add_variable((len(tasks),), "zeros", name="total")
        self.count = self.add_variable((len(tasks),), "zeros", name="count")

    def update_state(self, losses: Any, counts: Any) -> None:
        """Update with the losses and counts of labeled rows of a batch, (T,) each."""
        # With counts as weights, the mean over an epoch is the mean over all rows with
        # a label, and batches without labels are ignored.
        self.total.assign_add(losses * counts)
        self.count.assign_add(counts)

    def vector(self) -> Any:
        return ops.divide_no_nan(self.total, self.count)


class BlockMetrics(VectorMetric):
    """The metrics of a block of tasks.

    Args:
        block: The block.
        name: The name of this metric; the logs have the names of the tasks' metrics.
        vectorized: See `stack_metric`.
    """

    def __init__(self, block: TaskBlock, name: str, vectorized: bool = False) -> None:
        super().__init__(name=name)
        self.parts = [
            stack_metric(metric, len(block), vectorized)
            if can_stack_metric(metric)
            else metric
            for metric in block.metrics
        ]
        self.is_stacked = [can_stack_metric(metric) for metric in block.metrics]
        # Keras's names for the metrics of outputs.
        self.names = tuple(
            f"{task}_{metric.name}" for metric in self.parts for task in block.names
        )
        self.tasks = block.tasks * len(self.parts)

    def update_state(self, labels: Any, outputs: Any) -> None:
        """Update with a batch.

        Args:
            labels: The block's labels, (N, T) or (N, T, labels), or None.
            outputs: The block's outputs, (T, N, units).
        """
        if labels is None:
            return
        y_true = tasks_first(labels)
        for metric, is_stacked in zip(self.parts, self.is_stacked, strict=True):
            if is_stacked:
                metric.update_state(y_true, outputs)
            else:
                metric.update_state(y_true[0], outputs[0])

    def vector(self) -> Any:
        values = [
            ops.reshape(ops.cast(metric.result(), "float32"), (-1,))
            for metric in self.parts
        ]
        return values[0] if len(values) == 1 else ops.concatenate(values)


def block_metrics(
    blocks: TaskBlocks, vectorized: bool = False
) -> list[tuple[int, BlockMetrics]]:
    """Create the metrics of all blocks that have metrics.

    Args:
        blocks: The blocks.
        vectorized: See `stack_metric`.

    Returns:
        The blocks' positions and their metrics.
    """
    return [
        (number, BlockMetrics(block, f"block_{number}_metrics", vectorized))
        for number, block in enumerate(blocks.blocks)
        if block.metrics
    ]
