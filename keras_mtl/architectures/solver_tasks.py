"""Conversion of a model's tasks for the solvers of linear and kernel models."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from keras_mtl.architectures.solved import SolvedRows
from keras_mtl.linear import LinearTask, StrengthChoice
from keras_mtl.tasks import MulticlassTask, MultilabelTask, RegressionTask, Task

__all__ = ["held_out_columns", "read_tasks", "with_deviations"]


def read_tasks(
    tasks: Sequence[Task], rows: SolvedRows
) -> tuple[list[LinearTask], list[str]]:
    """Return the tasks for the solvers, and the names of the outputs.

    Args:
        tasks: The model's tasks.
        rows: The training rows.
    """
    found: list[LinearTask] = []
    names: list[str] = []
    for task in tasks:
        found += _loss_tasks(task, rows.labels[task.name], rows.weights[task.name])
        names += _output_names(task)
    return found, names


def with_deviations(tasks: Sequence[Task]) -> list[Task]:
    """Return tasks whose numbers have a standard deviation as a second output.

    Transformed numbers have no deviation: the solver's would be that of the transformed
    label.

    Args:
        tasks: The tasks.
    """
    return [
        task.replace(has_deviations=True)
        if isinstance(task, RegressionTask) and not task.knots
        else task
        for task in tasks
    ]


def held_out_columns(
    choice: StrengthChoice, tasks: Sequence[Task]
) -> dict[str, np.ndarray]:
    """Return the columns of `strengths.csv`, by strength, (S,) each.

    Args:
        choice: The result of the cross-validation along the strengths.
        tasks: The model's tasks.
    """
    # A multi-label task has one loss per label.
    counts = [task.units if isinstance(task, MultilabelTask) else 1 for task in tasks]
    edges = np.cumsum([0, *counts])
    return {
        "strength": choice.strengths,
        "held_out_loss": choice.loss,
        "standard_error": choice.standard_error,
        **{
            f"{task.name}_held_out_loss": choice.losses[:, first:last].sum(axis=1)
            for task, (first, last) in zip(tasks, pairwise(edges), strict=True)
        },
        "chosen": np.arange(len(choice.strengths)) == choice.chosen,
    }


def _loss_tasks(
    task: Task, labels: np.ndarray, weights: np.ndarray
) -> list[LinearTask]:
    """Convert a task's labels for its loss, the mean over labeled rows."""
    labels = np.reshape(labels, (len(labels), -1)).astype("float64")
    known = np.isfinite(labels)
    counted = np.where(known.any(axis=1), weights, 0.0)
    total = counted.sum()
    counted = counted * (task.loss_weight / total if total > 0 else 0.0)
    labels = np.where(known, labels, 0.0)
    if isinstance(task, RegressionTask):
        standard = task.to_standard(labels)
        return [LinearTask("squared", standard.astype("float64"), counted)]
    smoothing = float(getattr(task, "label_smoothing", 0.0))
    if isinstance(task, MulticlassTask):
        classes = np.eye(task.units)[labels[:, 0].astype(int)]
        classes = classes * (1.0 - smoothing) + smoothing / task.units
        return [LinearTask("softmax", classes, counted)]
    labels = labels * (1.0 - smoothing) + 0.5 * smoothing
    return [
        LinearTask("logistic", column[:, None], np.where(here, counted, 0.0))
        for column, here in zip(labels.T, known.T, strict=True)
    ]


def _output_names(task: Task) -> list[str]:
    """Return the names of a task's outputs."""
    if isinstance(task, MulticlassTask):
        return [f"{task.name}[{name}]" for name in task.class_names]
    if isinstance(task, MultilabelTask):
        return [f"{task.name}[{name}]" for name in task.labels]
    return [task.name]
