"""Mapping of quantiles of numbers to a normal distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["NormalScores", "normal_scores"]


@dataclass(frozen=True)
class NormalScores:
    """Quantiles of numbers, with their normal scores.

    Attributes:
        quantiles: Values of rows, in ascending order.
        scores: The normal score of each quantile, in ascending order.
    """

    quantiles: tuple[float, ...]
    scores: tuple[float, ...]


def normal_scores(numbers: np.ndarray, maximum_quantiles: int = 1000) -> NormalScores:
    """Map numbers to a normal distribution by their order.

    A quantile's score is the normal quantile of the share of rows below it, plus
    half of the share of rows equal to it. Repeated numbers therefore keep their
    position, and all scores are finite. Scores between quantiles are interpolated
    linearly. Over the numbers, the scores have mean 0 and standard deviation 1.

    Args:
        numbers: float64 of shape (N,), all finite, with the precision of float32.
        maximum_quantiles: The largest number of quantiles. They are at equal shares of
            the rows, and include the smallest and the largest number.

    Returns:
        The quantiles and their scores; a single quantile has the score 0.

    Example:

    >>> normal_scores(np.array([1.0, 2.0, 1000.0])).scores
    (-1.2247449, 0.0, 1.2247449)
    """
    from scipy import special

    ordered = np.sort(numbers)
    count = len(ordered)
    levels = np.linspace(0, count - 1, min(maximum_quantiles, count))
    quantiles = np.unique(ordered[np.round(levels).astype(int)])
    below = np.searchsorted(ordered, quantiles, "left")
    upto = np.searchsorted(ordered, quantiles, "right")
    scores = special.ndtri((below + upto) / (2 * count))
    spread = np.interp(ordered, quantiles, scores)
    scores = (scores - spread.mean()) / (spread.std() or 1.0)
    return NormalScores(_shortest(quantiles), _shortest(scores))


def _shortest(numbers: np.ndarray) -> tuple[float, ...]:
    """Return float32 numbers with few digits, to keep files small."""
    return tuple(float(str(number)) for number in numbers.astype("float32"))
