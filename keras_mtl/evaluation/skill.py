"""Gains on a common scale of several tasks."""

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
    """Gain of a model over a reference in one task, per split.

    Attributes:
        scale: `"skill"` if gains are differences of skill scores; `"relative"` if they
            are relative to the value of the reference, because the chance level is
            unknown; None if neither makes sense.
        values: One gain per split, above 0 if the model is better than the reference;
            NaN if `scale` is None or a value is missing.
    """

    scale: Scale | None
    values: NDArray[np.float64]


def skill_score(
    values: ArrayLike, chance: ArrayLike, best: float
) -> NDArray[np.float64]:
    """Return skill scores: 0 for chance, 1 for perfect predictions.

    Args:
        values: The values of a metric, of any shape.
        chance: The value of the metric for a constant prediction: one number, or one
            per value.
        best: The value of the metric for perfect predictions.

    Returns:
        The skill scores, below 0 if predictions are worse than chance; NaN if chance is
        already perfect.

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
    """Return the gain of a model over a reference in one task, per split.

    The gain is the difference of the skill scores if the chance level and the best
    value are known. Otherwise it is the relative reduction of the metric if lower
    values are better and all values of the reference are above 0. If higher values are
    better, a relative gain would depend on an arbitrary origin, and is not computed.

    Args:
        values: The metric of the model, one value per split.
        reference: The metric of the reference in the same splits.
        facts: The direction, best value and chance level of the metric.
        chance: The chance level in each split; by default the level of `facts`.

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
    """Test the mean gain over all tasks.

    The gains of the tasks are averaged within each split, because they are not
    independent: they have the same rows and the same model. The means are then tested
    like any other difference per split. The mean can hide a task that gets worse, so
    report it together with the gain of each task.

    Args:
        gains: Gains of shape (tasks, splits), from `task_gain`. A task without a gain
            in any split is left out. A split in which one of the other tasks has no
            gain counts as failed.
        test_share: See `compare_paired`.
        equivalence: See `compare_paired`, in the unit of skill scores.
        level: See `compare_paired`.

    Returns:
        The `PairedDifference` between the mean gain and 0.

    Example:

    >>> found = overall_gain([[0.1, 0.2, 0.1], [0.0, -0.1, 0.1]], test_share=0.2)
    >>> round(found.mean, 4), found.splits
    (0.0667, 3)
    """
    table = np.atleast_2d(np.asarray(gains, "float64"))
    table = table[np.isfinite(table).any(axis=1)]
    means = table.mean(axis=0) if len(table) else np.full(table.shape[1], np.nan)
    return compare_paired(means, test_share, equivalence, level)
