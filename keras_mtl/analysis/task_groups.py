"""The groups of tasks that should share a trunk, by their affinities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["TaskGrouping", "group_tasks"]

# Of more tasks the subsets are too many to look at all ways to divide them.
MOST_TASKS_EXACT = 10
# Gains that differ by less are the same but for rounding.
SAME = 1e-12
Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class TaskGrouping:
    """A division of tasks into groups, each with a trunk of its own.

    The promised gain of a task is the mean affinity of the other tasks of its
    group onto it, and 0 for a task alone: how much a step on another task of
    the group lowers its loss, as a share of the loss.

    Attributes:
        groups: The groups, by task names; each task is in one of them.
        task_gains: By task the promised gain.
        gain: The mean of the tasks' promised gains.
        gain_together: The same if all tasks share one trunk.
        exact: Whether no other division promises more. With many tasks groups
            are merged one after the other, and a better division may exist.
    """

    groups: Groups
    task_gains: dict[str, float]
    gain: float
    gain_together: float
    exact: bool


def group_tasks(tasks: Sequence[str], affinity: ArrayLike) -> TaskGrouping:
    """Divides tasks into the groups with the largest promised gain.

    Up to 10 tasks all divisions are considered. With more, groups begin as
    single tasks, and the two groups whose union gains most are merged as long
    as the gain does not fall.

    Args:
        tasks: The tasks' names.
        affinity: Of shape (T, T): entry (i, j) is the affinity of task i onto
            task j, as `TaskAffinity.matrix` gives it. An entry that is NaN
            promises nothing. The diagonal does not count.

    Returns:
        The `TaskGrouping`. Of divisions that promise the same it is one with
        fewer groups.

    Raises:
        ValueError: When the affinities are not of shape (T, T).

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
    """Returns the promised gain of each task of a group."""
    part = matrix[np.ix_(group, group)]
    # The diagonal is 0.
    gains: np.ndarray = part.sum(axis=0) / max(1, len(group) - 1)
    return gains


def _divide(matrix: np.ndarray) -> list[int]:
    """Returns the best division as sets of bits, by dynamic programming.

    The best division of a set is one of its subsets with the lowest task, and
    the best division of the rest.
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
        # All subsets of the rest, the largest first.
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
    """Returns a good division as sets of bits, by merging groups."""
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
        # The same gain of fewer groups is better.
        if growth < -SAME:
            break
        first, second = -first, -second
        joined = groups[first] + groups[second]
        for index in sorted((first, second), reverse=True):
            del groups[index], gains[index]
        groups.append(joined)
        gains.append(float(_task_gains(matrix, joined).sum()))
    return [sum(1 << index for index in group) for group in groups]
