"""A task's metrics from `compile`, over the rows with its label."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_mtl.losses import MaskedLoss
from keras_mtl.metrics import MaskedAUC, MaskedMeanMetric
from keras_mtl.tasks import Task

__all__ = ["GivenMetrics"]


class GivenMetrics(keras.metrics.Metric):
    """The metrics that a user passes for one task.

    Keras's metrics do not ignore missing labels, so rows without a label get a weight
    of 0. A metric whose `update_state` has no weights gets only the labeled rows.

    Args:
        task: The task.
        metrics: The metrics that ignore sample weights.
        weighted: The metrics that use sample weights.
        loss: The task's loss, which determines the missing labels: NaN, and for some
            losses also -1. By default the task's own loss.

    Example:

    >>> import numpy as np
    >>> from keras_mtl.tasks import RegressionTask
    >>> error = keras.metrics.MeanAbsoluteError(name="mae")
    >>> metrics = GivenMetrics(RegressionTask("age"), [error])
    >>> y_true, y_pred = np.array([1.0, np.nan]), np.array([[3.0], [7.0]])
    >>> metrics.update_state(y_true, y_pred)
    >>> {name: float(value) for name, value in metrics.result().items()}
    {'age_mae': 2.0}
    """

    def __init__(
        self,
        task: Task,
        metrics: Sequence[keras.metrics.Metric],
        weighted: Sequence[keras.metrics.Metric] = (),
        loss: Any = None,
    ) -> None:
        super().__init__(name=f"{task.name}_metrics")
        self.task = task.name
        self._loss = task.loss() if loss is None else loss
        # The labels are class indices, while the outputs have one column per class.
        self._classes = task.units if task.units > 1 and task.class_names else None
        self.metrics = [*metrics, *weighted]
        self._weighted = [False] * len(metrics) + [True] * len(weighted)

    @property
    def names(self) -> list[str]:
        """The names under which the metrics are logged."""
        return [f"{self.task}_{metric.name}" for metric in self.metrics]

    @property
    def suits_xla(self) -> bool:
        """Whether no metric selects rows: XLA has to know their number."""
        return all(map(_takes_weights, self.metrics))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update with a batch.

        Args:
            y_true: The labels, (N,) or (N, ...).
            y_pred: The outputs, (N, units).
            sample_weight: The weights of the rows, (N,), or None.
        """
        y_true = ops.convert_to_tensor(y_true)
        y_pred = ops.convert_to_tensor(y_pred)
        if len(y_true.shape) == 1:
            y_true = ops.expand_dims(y_true, -1)
        known = self._known_rows(y_true)
        filled = ops.where(
            ops.reshape(known, (-1, *[1] * (len(y_true.shape) - 1))),
            y_true,
            ops.zeros_like(y_true),
        )
        for metric, is_weighted in zip(self.metrics, self._weighted, strict=True):
            weights = sample_weight if is_weighted else None
            if isinstance(metric, MaskedAUC | MaskedMeanMetric):
                metric.update_state(y_true, y_pred, sample_weight=weights)
                continue
            labels = self._labels_of(metric, filled)
            if not _takes_weights(metric):
                metric.update_state(
                    tf.boolean_mask(labels, known), tf.boolean_mask(y_pred, known)
                )
                continue
            mask = ops.cast(known, "float32")
            if weights is not None:
                mask = mask * ops.reshape(ops.cast(weights, "float32"), (-1,))
            metric.update_state(labels, y_pred, sample_weight=mask)

    def result(self) -> dict[str, Any]:
        """Return the values by their names in the logs."""
        values: dict[str, Any] = {}
        for name, metric in zip(self.names, self.metrics, strict=True):
            value = metric.result()
            if isinstance(value, dict):
                values |= {f"{self.task}_{key}": one for key, one in value.items()}
            else:
                values[name] = value
        return values

    def reset_state(self) -> None:
        # Some metrics have initial values other than 0.
        for metric in self.metrics:
            metric.reset_state()

    def _known_rows(self, y_true: Any) -> Any:
        """Return whether each row has all of its labels, booleans of shape (N,)."""
        labels = ops.cast(y_true, "float32")
        is_masked = isinstance(self._loss, MaskedLoss)
        known = (
            self._loss.known(labels)
            if is_masked
            else ops.logical_not(ops.isnan(labels))
        )
        return ops.all(known, axis=tuple(range(1, len(known.shape))))

    def _labels_of(self, metric: keras.metrics.Metric, labels: Any) -> Any:
        """Convert class indices to one-hot rows for a metric that needs them."""
        if (
            self._classes is None
            or labels.shape[-1] != 1
            or not _compares_one_hot(metric)
        ):
            return labels
        index = ops.cast(ops.squeeze(labels, -1), "int32")
        return ops.one_hot(index, self._classes)


def _takes_weights(metric: keras.metrics.Metric) -> bool:
    parameters = inspect.signature(metric.update_state).parameters.values()
    return any(
        each.name == "sample_weight" or each.kind is each.VAR_KEYWORD
        for each in parameters
    )


def _compares_one_hot(metric: keras.metrics.Metric) -> bool:
    """Return whether a metric of Keras compares labels with all classes' outputs.

    Other metrics get class indices, like the task's own metrics.
    """
    kind = type(metric)
    if not kind.__module__.startswith("keras.") or kind.__name__.startswith("Sparse"):
        return False
    return kind.__name__ not in ("MeanMetricWrapper", "Mean", "MeanIoU", "IoU")
