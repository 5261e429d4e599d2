"""Alerts about a trained model: idle units, classes never predicted, overfitting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from keras_mtl.evaluation import SubgroupMetric, metric_title
from keras_mtl.report.document import Alert
from keras_mtl.tasks import Task

__all__ = ["model_alerts", "never_predicted_alerts"]

NAMED = 8


def model_alerts(
    tasks: Sequence[Task],
    labels: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
    train: Mapping[str, Mapping[str, float]],
    intervals: Mapping[str, SubgroupMetric],
    idle_units: Sequence[str] = (),
    epochs: Sequence[int] = (),
    most_epochs: int | None = None,
) -> list[Alert]:
    """Find possible problems of a trained model.

    Args:
        tasks: The tasks.
        labels: The encoded labels of the held-out rows by task.
        outputs: The outputs of the model for these rows by task.
        train: The metrics on training rows by task.
        intervals: The main metric on held-out rows by task, with its confidence
            interval.
        idle_units: One sentence per layer that has idle units.
        epochs: The epoch of each member's weights, counted from 1.
        most_epochs: The largest number of epochs of the training.

    Returns:
        The alerts; an empty list without problems.
    """
    alerts = []
    if idle_units:
        alerts.append(
            Alert(
                "Idle units",
                " ".join(idle_units),
                values={"layers": list(idle_units)},
            )
        )
    alerts += never_predicted_alerts(tasks, labels, outputs)
    alerts += _overfitting(tasks, train, intervals)
    last = sum(epoch == most_epochs for epoch in epochs)
    if most_epochs is not None and last:
        alerts.append(
            Alert(
                "Training ended before it had converged",
                f"{last} of {len(epochs)} members were best at the last epoch, "
                f"{most_epochs}. More epochs may give a better model.",
                "note",
                {"members": last, "epochs": most_epochs},
            )
        )
    return alerts


def never_predicted_alerts(
    tasks: Sequence[Task],
    labels: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
) -> list[Alert]:
    """Find classes that occur in held-out rows but not in predictions.

    Args:
        tasks: The tasks.
        labels: The encoded labels of the held-out rows by task.
        outputs: A model's outputs for these rows by task.

    Returns:
        A list of one alert, or an empty list.
    """
    never = {
        task.name: absent
        for task in tasks
        if (absent := _never_predicted(task, labels[task.name], outputs[task.name]))
    }
    if not never:
        return []
    named = [f"{', '.join(absent)} of {task}" for task, absent in never.items()]
    return [
        Alert(
            "Classes that are never predicted",
            f"Held-out rows have these classes, and none is predicted as one: "
            f"{_list(named)}. Class weights or another threshold may help.",
            values={"classes": never},
        )
    ]


def _never_predicted(task: Task, labels: np.ndarray, outputs: np.ndarray) -> list[str]:
    """Return the classes that occur in held-out rows but not in predictions."""
    if not task.class_names:
        return []
    # The first column of `decode` is the prediction, with the names of the labels.
    predicted = set(map(str, next(iter(task.decode(outputs).values()))))
    present = np.unique(labels[np.isfinite(labels)]).astype(int)
    names = [task.class_names[index] for index in present]
    return [name for name in names if name not in predicted]


def _overfitting(
    tasks: Sequence[Task],
    train: Mapping[str, Mapping[str, float]],
    intervals: Mapping[str, SubgroupMetric],
) -> list[Alert]:
    found = []
    for task in tasks:
        test = intervals.get(task.name)
        value = train.get(task.name, {}).get(test.metric) if test else None
        if test is None or value is None or not np.isfinite(test.interval).all():
            continue
        low, high = test.interval
        direction = task.metric_directions[test.metric]
        if value > high if direction == "max" else value < low:
            found.append((task.name, test, float(value)))
    if not found:
        return []
    named = [
        f"{name} ({metric_title(test.metric)} {value:.3f} on training rows, "
        f"{test.value:.3f} on held-out rows with the interval {test.interval[0]:.3f} "
        f"to {test.interval[1]:.3f})"
        for name, test, value in found
    ]
    return [
        Alert(
            "Better on training rows than on held-out rows",
            f"The difference is beyond chance: {_list(named)}. Some of it is usual. "
            "Where it is large, a smaller network, dropout or more rows help.",
            "note",
            {
                "tasks": {
                    name: {"train": value, "test": test.value, "metric": test.metric}
                    for name, test, value in found
                }
            },
        )
    ]


def _list(named: Sequence[str]) -> str:
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + more
