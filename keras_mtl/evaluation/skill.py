"""Gains on a scale that several tasks have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keras_mtl.evaluation.paired_difference import PairedDifference, compare_paired
from keras_mtl.evaluation.task_metrics import MetricFacts

__all__ = ["Gain", "overall_gain", "skill_score", "task_gain"]

Scale = Literal["skill", "relative"]


@dataclass(frozen=True)
class Gain:
    """A task's gain in each split.

    Attributes:
        scale: `"skill"` for a share of the way from chance to perfect;
            `"relative"` for a share of the reference's own value, where the
            chance value is not known; None where neither makes sense.
        values: One gain per split, above 0 where the first model is better.
            NaN where `scale` is None or a value is missing.
    """

    scale: Scale | None
    values: NDArray[np.float64]


def skill_score(
    values: ArrayLike, chance: ArrayLike, best: float
) -> NDArray[np.float64]:
    """Returns how far values are on the way from chance to the best.

    Args:
        values: Values of a metric, of any shape.
        chance: The value of a constant prediction, one or one per value.
        best: The value of perfect predictions.

    Returns:
        1 for perfect, 0 for chance and below 0 for worse than chance. NaN
        where chance is already perfect.

    Example:

    >>> skill_score([0.5, 0.75, 1.0], chance=0.5, best=1.0).tolist()
    [0.0, 0.5, 1.0]
    >>> skill_score([0.2, 0.3], chance=0.4, best=0.0).round(2).tolist()
    [0.5, 0.25]
    """
    start = np.asarray(chance, "float64")
    way = best - start
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (np.asarray(values, "float64") - start) / way
    return np.where(way == 0, np.nan, share)


def task_gain(
    values: ArrayLike,
    reference: ArrayLike,
    facts: MetricFacts,
    chance: ArrayLike | None = None,
) -> Gain:
    """Returns a model's gain over a reference in one task, split by split.

    The gain is a difference of skills where the chance value and the best
    value are known. Otherwise it is the reduction relative to the reference's
    value if that makes sense: for a metric of which less is better, and whose
    reference values are all above 0. A ratio of metrics of which more is
    better depends on an arbitrary origin and is not given.

    Args:
        values: The model's metric, one value per split.
        reference: The reference's, in the same splits.
        facts: What the metric's numbers mean.
        chance: The chance value in each split; by default that of `facts`.

    Returns:
        The `Gain`.

    Example:

    >>> facts = MetricFacts("auc", "max", best=1.0, chance=0.5, equivalence=0.01)
    >>> task_gain([0.80, 0.90], [0.75, 0.90], facts).values.round(3).tolist()
    [0.1, 0.0]
    """
    new = np.asarray(values, "float64")
    old = np.asarray(reference, "float64")
    start = facts.chance if chance is None else chance
    if facts.best is not None and start is not None:
        gains = skill_score(new, start, facts.best) - skill_score(
            old, start, facts.best
        )
        return Gain("skill", gains)
    known = old[np.isfinite(old)]
    if facts.direction == "min" and known.size and (known > 0).all():
        return Gain("relative", (old - new) / old)
    return Gain(None, np.full(new.shape, np.nan))


def overall_gain(
    gains: ArrayLike,
    test_share: float,
    equivalence: float = 0.01,
    level: float = 0.95,
) -> PairedDifference:
    """Tests the mean gain over all tasks.

    The tasks' gains of one split are averaged first: the tasks of a split
    share their rows and their model, so they are not independent, while the
    mean over the tasks is one number per split like any other difference. The
    mean hides a task that is hurt: report it beside the tasks' own numbers.

    Args:
        gains: Of shape (tasks, splits), each task's as `task_gain` gives them.
            A task without a gain in any split is left out. A split in which one
            of the other tasks has no gain counts as failed.
        test_share: See `compare_paired`.
        equivalence: See `compare_paired`; a share of the way from chance to
            perfect.
        level: See `compare_paired`.

    Returns:
        The `PairedDifference` of the mean gain and 0.

    Example:

    >>> found = overall_gain([[0.1, 0.2, 0.1], [0.0, -0.1, 0.1]], test_share=0.2)
    >>> round(found.mean, 4), found.splits
    (0.0667, 3)
    """
    table = np.atleast_2d(np.asarray(gains, "float64"))
    table = table[np.isfinite(table).any(axis=1)]
    means = table.mean(axis=0) if len(table) else np.full(table.shape[1], np.nan)
    return compare_paired(means, test_share, equivalence, level)
