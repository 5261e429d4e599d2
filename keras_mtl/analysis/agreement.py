"""Agreement of affinities with measured gains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

__all__ = ["AffinityAgreement", "affinity_agreement"]

FEWEST_TASKS = 3
RESAMPLES = 1000
# Up to this number of tasks, all permutations are counted; for more, some are drawn.
MOST_TASKS_EXACT = 7


@dataclass(frozen=True)
class AffinityAgreement:
    """Rank correlation of affinities with measured gains, over the tasks.

    Attributes:
        tasks: The number of tasks.
        correlation: Spearman's rank correlation between the mean affinity onto each
            task and the measured gain of the task.
        low: The lower end of a bootstrap interval over the splits. The interval shows
            how much the correlation depends on the splits.
        high: The upper end.
        p_value: The two-sided p value of a permutation test over the tasks that
            affinities and gains are unrelated. With few tasks it cannot be small.
        level: The confidence level of the interval.
    """

    tasks: int
    correlation: float
    low: float
    high: float
    p_value: float
    level: float


def affinity_agreement(
    affinities: ArrayLike, gains: ArrayLike, level: float = 0.95, seed: int = 0
) -> AffinityAgreement | None:
    """Correlate affinities with measured gains, over the tasks.

    Args:
        affinities: The affinity onto each task in n trainings, of shape (T, n).
        gains: The gain of each task in m splits, of shape (T, m).
        level: The confidence level of the interval.
        seed: The seed of the bootstrap, and of the permutations of many tasks.

    Returns:
        The `AffinityAgreement`; None if fewer than three tasks have both numbers, or if
        all affinities or all gains are equal.

    Example:

    >>> affinities = [[0.1, 0.2], [0.0, 0.1], [-0.1, 0.0], [-0.2, -0.1]]
    >>> gains = [[0.02, 0.03], [0.01, 0.02], [0.0, 0.0], [-0.01, 0.0]]
    >>> found = affinity_agreement(affinities, gains)
    >>> found.tasks, round(found.correlation, 6), round(found.p_value, 3)
    (4, 1.0, 0.083)
    """
    hints = np.atleast_2d(np.asarray(affinities, "float64"))
    found = np.atleast_2d(np.asarray(gains, "float64"))
    known = np.isfinite(hints).any(axis=1) & np.isfinite(found).any(axis=1)
    hints, found = hints[known], found[known]
    if len(hints) < FEWEST_TASKS:
        return None
    means, measured = np.nanmean(hints, axis=1), np.nanmean(found, axis=1)
    if np.ptp(means) == 0 or np.ptp(measured) == 0:
        return None
    generator = np.random.default_rng(seed)
    correlation = float(_rank_correlation(means, measured))
    drawn = _rank_correlation(
        _resampled_means(hints, generator), _resampled_means(found, generator)
    )
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return AffinityAgreement(
        tasks=len(hints),
        correlation=correlation,
        low=float(low),
        high=float(high),
        p_value=_permutation_p_value(means, measured, correlation, generator),
        level=level,
    )


def _permutation_p_value(
    means: np.ndarray,
    measured: np.ndarray,
    correlation: float,
    generator: np.random.Generator,
) -> float:
    """Return the share of permutations with a correlation of at least this size."""
    tasks = len(means)
    if tasks <= MOST_TASKS_EXACT:
        orders = means[list(permutations(range(tasks)))]
    else:
        # The observed order counts as one of the drawn ones.
        drawn = generator.permuted(np.tile(means, (RESAMPLES, 1)), axis=1)
        orders = np.concatenate([means[None], drawn])
    limit = abs(correlation) - 1e-12
    return float((np.abs(_rank_correlation(orders, measured)) >= limit).mean())


def _resampled_means(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return means over columns that are drawn with replacement, (resamples, T)."""
    count = values.shape[1]
    columns = generator.integers(count, size=(RESAMPLES, count))
    drawn = values[:, columns]
    known = np.isfinite(drawn)
    total = np.where(known, drawn, 0.0).sum(axis=-1)
    counts = known.sum(axis=-1)
    # A row without a drawn known value keeps the mean of all columns.
    means = np.nanmean(values, axis=1)[:, None]
    return np.where(counts > 0, total / np.maximum(counts, 1), means).T


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Compute Spearman's correlation along the last axis.

    The result is NaN if all numbers are equal.
    """
    first, second = stats.rankdata(one, axis=-1), stats.rankdata(other, axis=-1)
    first = first - first.mean(axis=-1, keepdims=True)
    second = second - second.mean(axis=-1, keepdims=True)
    size = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    product = (first * second).sum(axis=-1)
    return np.where(size > 0, product / np.where(size > 0, size, 1.0), np.nan)
