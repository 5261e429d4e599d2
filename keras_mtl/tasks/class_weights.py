"""Weights of classes in the loss of a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_mtl.tasks.task import Task

__all__ = ["class_weight_table"]


def class_weight_table(task: Task, weights: Any, labels: Any = None) -> np.ndarray:
    """Build a table of a task's class weights, in the order of its classes.

    Args:
        task: A task with exclusive classes.
        weights: A dict from class to weight, where a class is its index or its name,
            and other classes have weight 1; an array with one weight per class; or
            `"balanced"`, which gives all classes the same total weight, with a mean
            weight of 1 per row.
        labels: The task's labels, (N,) or one-hot, for `"balanced"`.

    Returns:
        float32 of shape (classes,).

    Raises:
        ValueError: If the task has no classes, or not the named ones, or a weight is
            negative or not finite.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> class_weight_table(BinaryTask("heart"), "balanced", [1.0, 0.0, 0.0, 0.0])
    array([0.6666667, 2.       ], dtype=float32)
    """
    words = list(task.class_names)
    if not words:
        raise ValueError(
            "Invalid value received for argument `class_weight`. Expected tasks of "
            f"classes that exclude each other. Received: task {task.name!r}, which is "
            f"{task.kind}. Give sample weights by task name instead."
        )
    if isinstance(weights, str):
        return _balanced_table(task, weights, labels)
    if not isinstance(weights, Mapping):
        if np.shape(weights) != (len(words),):
            raise ValueError(
                "Invalid value received for argument `class_weight`. Expected a weight "
                f"per class of task {task.name!r}, {len(words)} of them, a dict or "
                f"'balanced'. Received: {weights!r}"
            )
        weights = dict(enumerate(np.asarray(weights).tolist()))
    table = np.ones(len(words), "float32")
    for key, weight in weights.items():
        index = words.index(key) if key in words else key
        if isinstance(index, float | np.floating) and float(index).is_integer():
            # The form of the classes of float labels in `numpy.unique`.
            index = int(index)
        if not isinstance(index, int | np.integer) or not 0 <= index < len(words):
            raise ValueError(
                f"Invalid value received for argument `class_weight`. Expected a class "
                f"of task {task.name!r}: {', '.join(words)}, or its index. Received: "
                f"{key!r}"
            )
        if not np.isfinite(weight) or weight < 0:
            raise ValueError(
                "Invalid value received for argument `class_weight`. Expected weights "
                f"of 0 or more. Received: {weight!r} for class {key!r} of task "
                f"{task.name!r}"
            )
        table[int(index)] = weight
    return table


def _balanced_table(task: Task, weights: str, labels: Any) -> np.ndarray:
    """Return weights with the same total for all classes, and a mean of 1 per row."""
    if weights != "balanced":
        raise ValueError(
            "Invalid value received for argument `class_weight`. Expected 'balanced', "
            f"a dict or an array for task {task.name!r}. Received: {weights!r}"
        )
    if labels is None:
        raise ValueError(
            "Invalid value received for argument `class_weight`. Expected labels in "
            f"arrays for 'balanced', to count them. Received: none for task "
            f"{task.name!r}. Give a weight per class instead."
        )
    labels = np.asarray(labels, dtype="float64")
    classes = len(task.class_names)
    if labels.ndim == 2 and labels.shape[1] == classes > 1:
        labels = np.where(np.isnan(labels).any(axis=1), np.nan, labels.argmax(axis=1))
    known = labels[labels >= 0].astype(int)
    counts = np.bincount(known, minlength=classes)[:classes]
    present = max(int((counts > 0).sum()), 1)
    # The formula of scikit-learn; the weight of a class without rows does not matter.
    table = len(known) / (present * np.maximum(counts, 1))
    return np.where(counts > 0, table, 1.0).astype("float32")
