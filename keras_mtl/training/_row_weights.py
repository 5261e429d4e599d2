"""Weights of rows in the training losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.tasks import Task
from keras_mtl.tasks.class_weights import class_weight_table
from keras_mtl.training.member_settings import MemberSettings
from keras_mtl.training.settings import TrainingSettings

__all__ = ["join_row_weights", "weigh_rows"]

# For all tasks, (N,), or by task name.
RowWeights = np.ndarray | dict[str, np.ndarray]


def weigh_rows(
    tasks: Sequence[Task],
    labels: Mapping[str, np.ndarray],
    rows: Sequence[np.ndarray],
    settings: TrainingSettings,
    sample_weight: Any = None,
) -> RowWeights | None:
    """Multiply the rows' own weights by those of their classes.

    Args:
        tasks: The tasks.
        labels: The labels of all rows by task name.
        rows: For each member its training rows: `"balanced"` counts each row
            that any of them has once.
        settings: Has the weights of the classes.
        sample_weight: The weights of all rows, (N,); or by task name; or None.

    Returns:
        For all tasks float32 of shape (N,), or by task name; None where all
        rows count the same.

    Raises:
        ValueError: If a class has no such name, or weights have no such shape.
        UserError: If a name is not a task's.
    """
    names = [task.name for task in tasks]
    for given in (sample_weight, settings.class_weights):
        if isinstance(given, Mapping):
            _require_tasks(given, names)
    count = len(next(iter(labels.values())))
    if not settings.class_weights:
        if sample_weight is None or isinstance(sample_weight, Mapping):
            return {
                name: _weights(each, count)
                for name, each in (sample_weight or {}).items()
                if each is not None
            } or None
        return _weights(sample_weight, count)
    used = np.unique(np.concatenate(rows))
    weights = {}
    for task in tasks:
        own = (
            sample_weight.get(task.name)
            if isinstance(sample_weight, Mapping)
            else sample_weight
        )
        of_rows = None if own is None else _weights(own, count)
        if task.name in settings.class_weights:
            given = settings.class_weights[task.name]
            known = labels[task.name]
            table = class_weight_table(task, given, known[used])
            # A missing label is of no class, and counts nothing anyway.
            of_class = table[np.where(known >= 0, known, 0).astype(int)]
            of_rows = of_class if of_rows is None else of_rows * of_class
        if of_rows is not None:
            weights[task.name] = of_rows
    return weights or None


def join_row_weights(
    own: MemberSettings, weights: RowWeights, tasks: Sequence[str]
) -> MemberSettings:
    """Multiply what members have of their own by what all rows have.

    Args:
        own: Has weights of the rows, (K, N), for all tasks or by name.
        weights: As `weigh_rows` returns them.
        tasks: The tasks' names.
    """
    joined = {}
    for name in tasks:
        rows = weights.get(name) if isinstance(weights, dict) else weights
        given = own.row_weights
        member = given.get(name) if isinstance(given, Mapping) else given
        if rows is None and member is None:
            continue
        if member is None:
            member = np.ones((own.count() or 1, 1), "float32")
        joined[name] = np.asarray(member, "float32") * (1 if rows is None else rows)
    return replace(own, row_weights=joined)


def _weights(values: Any, count: int) -> np.ndarray:
    weights = np.asarray(values, "float32")
    if weights.shape == (count, 1):
        weights = weights[:, 0]
    if weights.shape != (count,):
        raise ValueError(
            "Invalid value received for argument `sample_weight`. Expected one weight "
            f"per row, of shape ({count},). Received: shape {weights.shape}"
        )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(
            "Invalid value received for argument `sample_weight`. Expected numbers of "
            "0 or more. Received: others among them"
        )
    return weights


def _require_tasks(given: Mapping[str, Any], names: Sequence[str]) -> None:
    unknown = [name for name in given if name not in names]
    if unknown:
        raise UserError(
            *[
                f"Invalid name received for weights by task. Expected one of "
                f"{', '.join(names)}. Received: {name!r}.{did_you_mean(name, names)}"
                for name in unknown
            ]
        )
