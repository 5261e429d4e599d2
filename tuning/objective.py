"""By what trials are compared, and on which side better lies.

keras-tuner guesses the direction of a metric from Keras's own names: it raises
on `val_heart_auc` and takes others the wrong way round; and it lets a search
with a misspelt objective end as if nothing were wrong. So the objective is
chosen here, before the search, from the metrics that the validation rows
define.

**The yardstick.** A trial's own total loss is no objective: each task's loss is
in it with the trial's loss weight, so that the smallest weights would win.
`val_loss` here is the sum of the tasks' validation losses with the weights of
the settings before the search, the same for all trials; auxiliary tasks are not
in it. All other metrics know no weight. What a searched weight does change is
how a trial trains and at which epoch it stops, as it would in the fit that
follows; how the outcome is measured, never.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.tasks.task import Task

__all__ = ["Objective", "choose_objective", "objectives", "validation_metrics"]

Direction = Literal["min", "max"]


@dataclass(frozen=True)
class Objective:
    """A measure of the validation rows, and on which side better lies.

    Args:
        name: The measure, such as `val_heart_auc`.
        direction: `"max"` when more is better, else `"min"`.
    """

    name: str
    direction: Direction


def validation_metrics(
    tasks: Sequence[Task],
    labels: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
    losses: Mapping[str, float],
) -> dict[str, float]:
    """Measures a trained model on the validation rows.

    Args:
        tasks: The tasks with the loss weights of the yardstick: those of the
            settings before the search.
        labels: By task name the validation rows' encoded labels.
        outputs: By task name the model's outputs for them, (N, units).
        losses: By task name the task's validation loss, without any weight.

    Returns:
        `val_loss`, and for each task `val_TASK_loss` and `val_TASK_MEASURE`
        for each of its metrics.

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
    """Lists what the validation rows can be measured by.

    A measure that they don't define, such as the AUC of a task with one class
    there, is not in the list.

    Args:
        tasks: The tasks.
        labels: By task name the validation rows' encoded labels.

    Returns:
        The objectives by name.
    """
    # Measured as a trial is, on answers that know nothing: so the names here
    # are those of a trial, whatever kinds of task there are.
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
                # Of the loss itself, less is better whatever the kind of task.
                direction = task.metric_directions.get(metric, "min")
                found[name] = Objective(name, direction)
    return found


def choose_objective(
    name: str, tasks: Sequence[Task], labels: Mapping[str, np.ndarray]
) -> Objective:
    """Finds an objective by its name.

    Args:
        name: The measure's name.
        tasks: The tasks.
        labels: By task name the validation rows' encoded labels.

    Raises:
        UserError: When there is no such measure; names the nearest and lists
            all.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> labels = {"heart": np.array([0.0, 1.0])}
    >>> choose_objective("val_heart_auc", [BinaryTask("heart")], labels).direction
    'max'
    """
    known = objectives(tasks, labels)
    if name not in known:
        listed = ", ".join(f"{item.name} ({item.direction})" for item in known.values())
        raise UserError(
            f"search.objective: expected a measure of the validation rows; received "
            f"{name!r}.{did_you_mean(name, known)} There are: {listed}."
        )
    return known[name]
