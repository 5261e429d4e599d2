"""The metrics of many tasks in one tensor."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_mtl.metrics.masked_auc import MaskedAUC
from keras_mtl.metrics.masked_means import MaskedMeanMetric

__all__ = ["StackedAUC", "StackedMean", "can_stack_metric", "stack_metric"]


def can_stack_metric(metric: Any) -> bool:
    """Return whether `stack_metric` supports a metric."""
    return getattr(metric, "per_task", None) is not None


def stack_metric(
    metric: Any, tasks: int, vectorized: bool = False
) -> StackedAUC | StackedMean:
    """Return the form of a metric that is computed for many tasks at once.

    Args:
        metric: A metric of one task. Settings that differ between tasks are arrays; see
            its class.
        tasks: The number of tasks.
        vectorized: Whether the metric is updated inside `tf.vectorized_map`.

    Example:

    >>> import numpy as np
    >>> from keras_mtl.metrics import MaskedMeanAbsoluteError
    >>> stacked = stack_metric(MaskedMeanAbsoluteError(name="mae"), tasks=2)
    >>> stacked.update_state(np.zeros((2, 3)), np.array([[[1.0]] * 3, [[2.0]] * 3]))
    >>> stacked.result().numpy().tolist()
    [1.0, 2.0]
    """
    if isinstance(metric, MaskedAUC):
        return StackedAUC(metric, tasks, vectorized)
    return StackedMean(metric, tasks)


class StackedMean(keras.metrics.Metric):
    """A `MaskedMeanMetric` for each of T tasks.

    Args:
        metric: The metric, whose `values` supports an axis of tasks.
        tasks: The number of tasks, T.
    """

    def __init__(self, metric: MaskedMeanMetric, tasks: int) -> None:
        super().__init__(name=metric.name, dtype=metric.dtype)
        self.metric = metric
        self.total = self.add_variable((tasks,), "zeros", name="total")
        self.count = self.add_variable((tasks,), "zeros", name="count")

    def update_state(self, y_true: Any, y_pred: Any) -> None:
        """Update with labels (T, N) or (T, N, units) and outputs (T, N, units)."""
        y_pred = ops.convert_to_tensor(y_pred, self.dtype)
        y_true = ops.convert_to_tensor(y_true, self.dtype)
        if len(y_true.shape) == 2:
            y_true = ops.expand_dims(y_true, -1)
        known = self.metric.known(y_true)
        values = self.metric.values(
            ops.where(known, y_true, ops.zeros_like(y_true)), y_pred
        )
        weight = ops.cast(known, self.dtype)
        sums = ops.sum(ops.cast(values, self.dtype) * weight, axis=(1, 2))
        self.total.assign_add(sums)
        self.count.assign_add(ops.sum(weight, axis=(1, 2)))

    def result(self) -> Any:
        """Return the value of each task, (T,)."""
        return ops.divide_no_nan(self.total, self.count)


class StackedAUC(keras.metrics.Metric):
    """A `MaskedAUC` for each of T tasks.

    Args:
        metric: The metric.
        tasks: The number of tasks, T.
        vectorized: See `stack_metric`.
    """

    def __init__(self, metric: MaskedAUC, tasks: int, vectorized: bool = False) -> None:
        super().__init__(name=metric.name, dtype=metric.dtype)
        self.metric = metric
        self.vectorized = vectorized
        self.counts = self.add_variable(
            (2, tasks, metric.outputs, metric.bins), "zeros", name="counts"
        )

    def update_state(self, y_true: Any, y_pred: Any) -> None:
        """Update with labels (T, N) or (T, N, units) and outputs (T, N, units)."""
        y_pred = ops.convert_to_tensor(y_pred, self.dtype)
        y_true = ops.convert_to_tensor(y_true, self.dtype)
        if len(y_true.shape) == 2:
            y_true = ops.expand_dims(y_true, -1)
        self.counts.assign_add(
            self.metric.count(y_true, y_pred, vectorized=self.vectorized)
        )

    def result(self) -> Any:
        """Return the area of each task, (T,)."""
        return self.metric.area(self.counts)
