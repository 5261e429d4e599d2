"""The metrics by which trials are compared, and their directions.

keras-tuner guesses the direction of a metric from Keras's own names. It raises an error
for `val_heart_auc`, gets other directions wrong, and does not report a misspelled
objective. This module therefore chooses the objective before the search, from the
metrics that the validation rows define.

**The yardstick.** A trial's own total loss cannot be an objective: it contains the
trial's loss weights, so the smallest weights would win. `val_loss` here is the sum of
the tasks' validation losses with the weights of the settings before the search, which
are the same for all trials. Auxiliary tasks are not included. All other metrics do not
depend on weights. A searched weight changes how a trial trains and at which epoch it
stops, as in the fit that follows, but never how the outcome is measured.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.tasks.task import Task

__all__ = [
    "GAIN",
    "Objective",
    "choose_objective",
    "choose_objectives",
    "objectives",
    "validation_metrics",
]

# The name of the mean gain in skill over single-task networks.
GAIN = "val_gain"

Direction = Literal["min", "max"]


@dataclass(frozen=True)
class Objective:
    """A metric of the held-out rows, and its direction.

    Args:
        name: The metric, such as `val_heart_auc`, or the text of a sum.
        direction: `"max"` if larger values are better, otherwise `"min"`.
        terms: The metrics of a sum with their factors; by default the metric `name`.

    Example:

    >>> both = Objective("a + 2 * b", "max", (("a", 1.0), ("b", 2.0)))
    >>> both.value({"a": 0.5, "b": 0.25})
    1.0
    """

    name: str
    direction: Direction
    terms: tuple[tuple[str, float], ...] = ()

    def value(self, metrics: Mapping[str, float]) -> float:
        """Return the objective's value; NaN if a metric is missing."""
        terms = self.terms or ((self.name, 1.0),)
        return sum(factor * metrics.get(name, math.nan) for name, factor in terms)

    def cost(self, metrics: Mapping[str, float]) -> float:
        """Return the value with the sign for which smaller is better."""
        value = self.value(metrics)
        return -value if self.direction == "max" else value

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics that the objective needs."""
        return tuple(name for name, _ in self.terms) or (self.name,)


def validation_metrics(
    tasks: Sequence[Task],
    labels: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
    losses: Mapping[str, float],
) -> dict[str, float]:
    """Compute the metrics of a trained model on the validation rows.

    Args:
        tasks: The tasks with the loss weights of the settings before the search.
        labels: The validation rows' encoded labels by task name.
        outputs: The model's outputs for these rows by task name, (N, units).
        losses: The validation losses by task name, without weights.

    Returns:
        `val_loss`, and for each task `val_TASK_loss` and one `val_TASK_METRIC` per
        metric.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> task = BinaryTask("heart", loss_weight=0.5)
    >>> y, p = np.array([0.0, 1.0]), np.array([[0.2], [0.9]])
    >>> metrics = validation_metrics(
    ...     [task], {"heart": y}, {"heart": p}, {"heart": 0.16}
    ... )
    >>> metrics["val_loss"], metrics["val_heart_auc"]
    (0.08, 1.0)
    """
    metrics = {
        "val_loss": float(
            sum(
                task.loss_weight * losses[task.name]
                for task in tasks
                if not task.auxiliary
            )
        )
    }
    for task in tasks:
        metrics[f"val_{task.name}_loss"] = float(losses[task.name])
        own = task.measure(labels[task.name], outputs[task.name])
        for name, value in own.items():
            if name in task.metric_directions:
                metrics[f"val_{task.name}_{name}"] = float(value)
    return metrics


def objectives(
    tasks: Sequence[Task], labels: Mapping[str, np.ndarray]
) -> dict[str, Objective]:
    """List the metrics that the validation rows define.

    An undefined metric, such as the AUC of a task with one class in these rows, is
    not in the list.

    Args:
        tasks: The tasks.
        labels: The validation rows' encoded labels by task name.

    Returns:
        The objectives by name.
    """
    # Constant predictions are measured like a trial, so that these names are the names
    # of a trial's metrics for all kinds of tasks.
    outputs = {
        task.name: np.full((len(labels[task.name]), task.units), 1 / task.units)
        for task in tasks
    }
    losses = {task.name: 0.0 for task in tasks}
    found = {"val_loss": Objective("val_loss", "min")}
    for task in tasks:
        prefix = f"val_{task.name}_"
        for name in validation_metrics([task], labels, outputs, losses):
            if name.startswith(prefix):
                metric = name.removeprefix(prefix)
                # For every kind of task, a smaller loss is better.
                direction = task.metric_directions.get(metric, "min")
                found[name] = Objective(name, direction)
    return found


def choose_objective(
    text: str, tasks: Sequence[Task], labels: Mapping[str, np.ndarray]
) -> Objective:
    """Find an objective by name, or parse a weighted sum of several.

    Args:
        text: A metric's name, or a sum such as `"val_thal_auc + 0.5 * val_heart_auc"`.
        tasks: The tasks.
        labels: The encoded labels of the validation rows by task name.

    Raises:
        UserError: If a metric is not found, with the nearest name and a list of all
            names; or when a sum has metrics of different directions.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> labels = {"heart": np.array([0.0, 1.0])}
    >>> choose_objective("val_heart_auc", [BinaryTask("heart")], labels).direction
    'max'
    """
    known = objectives(tasks, labels)
    known[GAIN] = Objective(GAIN, "max")
    terms = [_read_term(term) for term in text.split("+")]
    errors = []
    for name, factor in terms:
        if name not in known:
            listed = ", ".join(
                f"{item.name} ({item.direction})" for item in known.values()
            )
            errors.append(
                f"search.objective: expected a measure of the validation rows; "
                f"received {name!r}.{did_you_mean(name, known)} There are: {listed}."
            )
        elif not (math.isfinite(factor) and factor > 0):
            errors.append(
                f"search.objective: expected factors above 0; received {text!r}."
            )
    if errors:
        raise UserError(*errors)
    if len(terms) == 1 and terms[0][1] == 1:
        return known[terms[0][0]]
    directions = {known[name].direction for name, _ in terms}
    if len(directions) > 1:
        words = ", ".join(f"{name} ({known[name].direction})" for name, _ in terms)
        raise UserError(
            "search.objective: expected a sum of metrics that improve on the same "
            f"side; received {text!r} with {words}. Give --objective twice "
            "for a trade-off."
        )
    return Objective(text.strip(), directions.pop(), tuple(terms))


def choose_objectives(
    texts: Sequence[str], tasks: Sequence[Task], labels: Mapping[str, np.ndarray]
) -> tuple[Objective, ...]:
    """Find several objectives; see `choose_objective`.

    Raises:
        UserError: With all errors at once.
    """
    errors: list[str] = []
    found = []
    for text in dict.fromkeys(texts):
        try:
            found.append(choose_objective(text, tasks, labels))
        except UserError as error:
            errors += error.messages
    if errors:
        raise UserError(*errors)
    return tuple(found)


def _read_term(text: str) -> tuple[str, float]:
    """Parse `NAME` or `FACTOR * NAME`."""
    match = re.fullmatch(r"\s*(?:([0-9.eE-]+)\s*\*)?\s*(\S.*?)\s*", text)
    if match is None:
        return text.strip(), 1.0
    try:
        return match[2], float(match[1] or 1)
    except ValueError:
        return text.strip(), 1.0
