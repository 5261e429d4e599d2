"""Choice of the groups of tasks that share a trunk, by affinities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["TaskGrouping", "group_tasks"]

# The largest number of tasks for which all partitions are compared.
MOST_TASKS_EXACT = 10
# Gains with a smaller difference are equal up to rounding.
SAME = 1e-12
Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class TaskGrouping:
    """Partition of tasks into groups, each with its own trunk.

    The expected gain of a task is the mean affinity of the other tasks of its group
    onto the task: the share by which a step on another task lowers its loss. It is 0
    for a task alone.

    Attributes:
        groups: The names of the tasks in each group. Each task is in one group.
        task_gains: The expected gain by task.
        gain: The mean of the expected gains.
        gain_together: The mean of the expected gains if all tasks share one trunk.
        exact: Whether no other partition has a larger gain. With many tasks, groups are
            merged greedily, and a better partition may exist.
    """

    groups: Groups
    task_gains: dict[str, float]
    gain: float
    gain_together: float
    exact: bool


def group_tasks(tasks: Sequence[str], affinity: ArrayLike) -> TaskGrouping:
    """Partition tasks into the groups with the largest expected gain.

    With up to 10 tasks all partitions are compared. With more tasks, groups start as
    single tasks, and the two groups whose union has the largest gain are merged as long
    as the gain does not decrease.

    Args:
        tasks: The tasks' names.
        affinity: The affinities, of shape (T, T), as in `TaskAffinity.matrix`: entry
            (i, j) is the affinity of task i onto task j. NaN counts as no gain. The
            diagonal is ignored.

    Returns:
        The `TaskGrouping`. Among partitions with equal gains, one with fewer groups.

    Raises:
        ValueError: If the affinities are not of shape (T, T).

    Example:

    >>> affinity = [[0, 0.3, -0.1], [0.2, 0, -0.2], [-0.3, -0.1, 0]]
    >>> found = group_tasks(["a", "b", "c"], affinity)
    >>> found.groups, round(found.gain, 3), round(found.gain_together, 3)
    ((('a', 'b'), ('c',)), 0.167, -0.033)
    """
    names = tuple(tasks)
    matrix = np.array(affinity, "float64")
    if matrix.shape != (len(names), len(names)):
        raise ValueError(
            "Invalid value received for argument `affinity`. Expected the shape "
            f"({len(names)}, {len(names)}), an affinity for each pair of tasks. "
            f"Received: shape {matrix.shape}"
        )
    matrix = np.nan_to_num(matrix, nan=0.0, posinf=0.0, neginf=0.0)
    np.fill_diagonal(matrix, 0.0)
    exact = len(names) <= MOST_TASKS_EXACT
    masks = _divide(matrix) if exact else _merge(matrix)
    groups = sorted(
        tuple(i for i in range(len(names)) if mask >> i & 1) for mask in masks
    )
    gains = np.zeros(len(names))
    for group in groups:
        gains[list(group)] = _task_gains(matrix, group)
    together = _task_gains(matrix, tuple(range(len(names))))
    return TaskGrouping(
        groups=tuple(tuple(names[i] for i in group) for group in groups),
        task_gains=dict(zip(names, gains.tolist(), strict=True)),
        gain=float(gains.mean()) if len(names) else 0.0,
        gain_together=float(together.mean()) if len(names) else 0.0,
        exact=exact,
    )


def _task_gains(matrix: np.ndarray, group: tuple[int, ...]) -> np.ndarray:
    """Return the expected gain of each task of a group."""
    part = matrix[np.ix_(group, group)]
    # The diagonal is 0.
    gains: np.ndarray = part.sum(axis=0) / max(1, len(group) - 1)
    return gains


def _divide(matrix: np.ndarray) -> list[int]:
    """Return the best partition as bit sets, by dynamic programming.

    The best partition of a set consists of one subset that contains the lowest task,
    and the best partition of the rest.
    """
    count = len(matrix)

    @cache
    def gain(mask: int) -> float:
        group = tuple(i for i in range(count) if mask >> i & 1)
        return float(_task_gains(matrix, group).sum())

    @cache
    def best(mask: int) -> tuple[float, tuple[int, ...]]:
        if not mask:
            return 0.0, ()
        lowest = mask & -mask
        rest = mask ^ lowest
        found: tuple[float, tuple[int, ...]] = (-np.inf, ())
        subset = rest
        # All subsets of the rest, starting with the largest.
        while True:
            group = subset | lowest
            others, division = best(mask ^ group)
            total = gain(group) + others
            if _is_better(total, 1 + len(division), *found):
                found = (total, (group, *division))
            if not subset:
                return found
            subset = (subset - 1) & rest

    return list(best((1 << count) - 1)[1])


def _is_better(
    total: float, groups: int, than: float, division: tuple[int, ...]
) -> bool:
    if total > than + SAME:
        return True
    return total > than - SAME and groups < len(division)


def _merge(matrix: np.ndarray) -> list[int]:
    """Return a good partition as bit sets, by merging groups."""
    groups: list[tuple[int, ...]] = [(index,) for index in range(len(matrix))]
    gains = [0.0] * len(groups)
    while len(groups) > 1:
        growth, first, second = max(
            (
                float(_task_gains(matrix, one + other).sum()) - gains[i] - gains[j],
                -i,
                -j,
            )
            for i, one in enumerate(groups)
            for j, other in enumerate(groups[:i])
        )
        # With equal gains, fewer groups are better.
        if growth < -SAME:
            break
        first, second = -first, -second
        joined = groups[first] + groups[second]
        for index in sorted((first, second), reverse=True):
            del groups[index], gains[index]
        groups.append(joined)
        gains.append(float(_task_gains(matrix, joined).sum()))
    return [sum(1 << index for index in group) for group in groups]
