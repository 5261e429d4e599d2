"""Reasons why sharing helps or hurts: cosines, affinities, groups, agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from keras_mtl.analysis import (
    AffinityAgreement,
    TaskGrouping,
    affinity_agreement,
    group_tasks,
)
from keras_mtl.analysis.known_values import known_mean
from keras_mtl.comparison.candidates import FEWEST_TASKS_TO_GROUP
from keras_mtl.comparison.store import FoldFit
from keras_mtl.tasks import Task

__all__ = [
    "AFFINITY_COLUMNS",
    "COSINE_COLUMNS",
    "TaskGroups",
    "affinity_table",
    "agreement_with_gains",
    "cosine_table",
    "fold_grouping",
    "group_by_affinity",
]

COSINE_COLUMNS = ("epoch", "task", "other", "cosine", "std")
AFFINITY_COLUMNS = ("task", "onto", "affinity", "std", "relative", "folds")


@dataclass(frozen=True)
class TaskGroups:
    """The groups of tasks that should share a trunk, by their affinities.

    Attributes:
        grouping: The groups with the largest expected gain, by the mean affinities over
            the folds.
        agreeing_folds: The folds whose own affinities choose the same groups.
        folds: The folds with affinities.
    """

    grouping: TaskGrouping
    agreeing_folds: int
    folds: int


def cosine_table(tasks: Sequence[Task], fits: Sequence[FoldFit]) -> pd.DataFrame:
    """Return the cosines between the tasks' gradients over the epochs.

    Args:
        tasks: The tasks.
        fits: The multi-task network's fits of the folds.

    Returns:
        One row per epoch and pair of tasks: `epoch`, `task`, `other`, `cosine`
        (the mean over the folds that still trained, and over the epochs since
        the row before) and `std` (the standard deviation over these folds).
    """
    pairs = list(combinations(range(len(tasks)), 2))
    measured = [fit.gradients for fit in fits if fit.gradients]
    rows = []
    epochs = sorted({int(epoch) for each in measured for epoch in each["epochs"]})
    for epoch in epochs:
        values = np.concatenate(
            [each["cosines"][each["epochs"] == epoch] for each in measured]
        )
        for one, other in pairs:
            known = values[np.isfinite(values[:, one, other]), one, other]
            if len(known):
                names = tasks[one].name, tasks[other].name
                rows.append((epoch, *names, *_mean_and_std(known)))
    return pd.DataFrame(rows, columns=list(COSINE_COLUMNS))


def affinity_table(tasks: Sequence[Task], fits: Sequence[FoldFit]) -> pd.DataFrame:
    """Return the affinity of each task onto each task, averaged over training.

    Args:
        tasks: The tasks.
        fits: The multi-task network's fits of the folds.

    Returns:
        One row per pair of tasks: `task` (the task of the step), `onto` (the
        task whose loss changes), `affinity` (the mean over the folds), `std`
        (the standard deviation over the folds), `relative` (the affinity divided by the
        affinity of `onto` onto itself; NaN if a step on `onto` does not reduce its own
        loss) and `folds`.
    """
    names = [task.name for task in tasks]
    values = _affinities(fits)
    if not len(values):
        return pd.DataFrame(columns=list(AFFINITY_COLUMNS))
    means = known_mean(values)
    rows = []
    for i, task in enumerate(names):
        for j, onto in enumerate(names):
            known = values[np.isfinite(values[:, i, j]), i, j]
            own = means[j, j]
            relative = float(means[i, j] / own) if own > 0 else float("nan")
            if len(known):
                rows.append((task, onto, *_mean_and_std(known), relative, len(known)))
    return pd.DataFrame(rows, columns=list(AFFINITY_COLUMNS))


def fold_grouping(tasks: Sequence[Task], fit: FoldFit) -> TaskGrouping:
    """Return the grouping with the largest expected gain on a fold's training rows.

    Args:
        tasks: The tasks.
        fit: The multi-task network's fit of the fold. If the fit failed, the expected
            gain is unknown, and all tasks share one trunk.
    """
    names = [task.name for task in tasks]
    nothing = np.zeros((len(names), len(names)))
    return group_tasks(names, fit.gradients.get("affinity", nothing))


def group_by_affinity(
    tasks: Sequence[Task], fits: Sequence[FoldFit]
) -> TaskGroups | None:
    """Return the groups that should share a trunk; None for fewer than four tasks.

    Args:
        tasks: The tasks.
        fits: The multi-task network's fits of the folds.
    """
    measured = [fit for fit in fits if fit.gradients]
    if len(tasks) < FEWEST_TASKS_TO_GROUP or not measured:
        return None
    names = [task.name for task in tasks]
    values = _affinities(measured)
    grouping = group_tasks(names, known_mean(values))
    own = [fold_grouping(tasks, fit).groups for fit in measured]
    return TaskGroups(grouping, own.count(grouping.groups), len(measured))


def agreement_with_gains(
    tasks: Sequence[Task],
    fits: Sequence[FoldFit],
    gains: Mapping[str, np.ndarray],
    level: float,
) -> AffinityAgreement | None:
    """Return the agreement of affinities onto tasks with their measured gains.

    Args:
        tasks: The tasks.
        fits: The multi-task network's fits of the folds.
        gains: The gain of sharing in each split by task, on one scale.
        level: The confidence level of the interval.

    Returns:
        See `affinity_agreement`.
    """
    values = _affinities(fits)
    chosen = [
        (number, task.name) for number, task in enumerate(tasks) if task.name in gains
    ]
    if not len(values) or not chosen:
        return None
    onto = []
    for number, _ in chosen:
        # The mean affinity of the other tasks, because all share the trunk.
        by_others = np.delete(values[:, :, number], number, axis=1)
        onto.append(known_mean(by_others.T))
    measured = np.stack([np.asarray(gains[name], "float64") for _, name in chosen])
    return affinity_agreement(np.stack(onto), measured, level)


def _affinities(fits: Sequence[FoldFit]) -> np.ndarray:
    """Return the folds' affinities, (folds, T, T)."""
    measured = [fit.gradients["affinity"] for fit in fits if fit.gradients]
    return np.stack(measured) if measured else np.zeros((0, 0, 0))


def _mean_and_std(values: np.ndarray) -> tuple[float, float]:
    std = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    return float(values.mean()), std
