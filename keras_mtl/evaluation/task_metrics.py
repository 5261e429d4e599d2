"""The direction, the chance value and the unit of a task's metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from keras_mtl.tasks import Task

__all__ = ["MetricFacts", "main_metric", "metric_facts", "metric_title"]

# The best values of metrics. The best value of a metric from a plugin is unknown if the
# metric is not in this table.
BEST = {
    "accuracy": 1.0,
    "auc": 1.0,
    "balanced_accuracy": 1.0,
    "brier": 0.0,
    "log_loss": 0.0,
    "mae": 0.0,
    "mse": 0.0,
    "r2": 1.0,
    "rmse": 0.0,
    "subset_accuracy": 1.0,
}
TITLES = {
    "auc": "AUC",
    "brier": "Brier score",
    "log_loss": "log loss",
    "mae": "mean absolute error",
    "mse": "mean squared error",
    "r2": "R²",
    "rmse": "root mean squared error",
}
# Metrics without a unit, for which one hundredth is called a point.
WITHOUT_UNIT = frozenset(
    {"accuracy", "auc", "balanced_accuracy", "r2", "subset_accuracy"}
)
EQUIVALENCE = 0.01


@dataclass(frozen=True)
class MetricFacts:
    """Direction, best value and chance level of a metric.

    Attributes:
        metric: The name of the metric, a key of the task's `measure`.
        direction: `"max"` if higher values are better, `"min"` if lower values are
            better.
        best: The value for perfect predictions; None if unknown.
        chance: The value for the best constant prediction, which is computed from the
            training labels without features; None if unknown.
        equivalence: The largest difference that does not matter, in the unit of the
            metric; None if it cannot be derived.
    """

    metric: str
    direction: Literal["min", "max"]
    best: float | None
    chance: float | None
    equivalence: float | None

    @property
    def title(self) -> str:
        """The name of the metric for use in a sentence."""
        return metric_title(self.metric)

    @property
    def sign(self) -> int:
        """The factor, 1 or -1, after which higher values are better."""
        return 1 if self.direction == "max" else -1

    def equivalence_for(self, reference: ArrayLike) -> float:
        """Return the largest difference that does not matter.

        Args:
            reference: The values of the reference. One hundredth of their mean is used
                if nothing else is known.
        """
        if self.equivalence is not None:
            return self.equivalence
        known = np.asarray(reference, "float64")
        known = np.abs(known[np.isfinite(known)])
        return EQUIVALENCE * float(known.mean()) if known.size else 0.0


def metric_title(metric: str) -> str:
    """Return the name of a metric for use in a sentence.

    Example:

    >>> metric_title("auc"), metric_title("balanced_accuracy")
    ('AUC', 'balanced accuracy')
    """
    return TITLES.get(metric, metric.replace("_", " "))


def main_metric(task: Task) -> str:
    """Return the main metric of a task, on which verdicts are based.

    The main metric is the AUC or R2 if the kind of task has it, because neither depends
    on a threshold or a unit. Otherwise it is the first metric of the kind.

    Example:

    >>> from keras_mtl.tasks import BinaryTask, RegressionTask
    >>> main_metric(BinaryTask("heart")), main_metric(RegressionTask("age"))
    ('auc', 'r2')
    """
    names = list(task.metric_directions)
    for name in ("auc", "r2"):
        if name in names:
            return name
    if not names:
        raise ValueError(f"The kind {task.kind!r} of task {task.name!r} has no metric.")
    return names[0]


def metric_facts(
    task: Task,
    metric: str,
    train_labels: np.ndarray | None = None,
    test_labels: np.ndarray | None = None,
) -> MetricFacts:
    """Return the direction, best value and chance level of a metric for a task.

    Args:
        task: The task, of any registered kind.
        metric: A metric with a direction in the task's `metric_directions`.
        train_labels: Encoded labels from which the constant prediction is computed.
            Without them the chance level is unknown.
        test_labels: Encoded labels on which the constant prediction is evaluated; by
            default `train_labels`.

    Returns:
        The `MetricFacts`.

    Raises:
        ValueError: If the kind of the task declares no direction for the metric.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> facts = metric_facts(BinaryTask("heart"), "brier", np.array([0.0, 1.0]))
    >>> facts.direction, facts.best, facts.chance, facts.equivalence
    ('min', 0.0, 0.25, 0.0025)
    """
    if metric not in task.metric_directions:
        raise ValueError(
            "Invalid value received for argument `metric`. Expected one of "
            f"{list(task.metric_directions)} for task {task.name!r}. Received: "
            f"metric={metric!r}"
        )
    best = BEST.get(metric)
    chance = None
    if train_labels is not None:
        labels = train_labels if test_labels is None else test_labels
        constant = task.chance_outputs(train_labels)
        if constant is not None:
            outputs = np.tile(np.reshape(constant, (1, -1)), (len(labels), 1))
            chance = task.measure(labels, outputs).get(metric)
    equivalence = EQUIVALENCE if metric in WITHOUT_UNIT else None
    if equivalence is None and best is not None and chance is not None:
        # One hundredth of the difference between chance and the best, in any unit.
        equivalence = EQUIVALENCE * abs(best - chance)
    return MetricFacts(
        metric=metric,
        direction=task.metric_directions[metric],
        best=best,
        chance=None if chance is None else float(chance),
        equivalence=equivalence,
    )
