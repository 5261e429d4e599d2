"""The number of rows needed to detect a difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from keras_mtl.evaluation.paired_difference import PairedDifference

__all__ = ["RowsNeeded", "rows_to_detect"]

DRAWS = 2000
SEED = 0
# The limits of the exponent. The variance of a metric is of the order of 1 / rows, so
# other exponents are errors of the estimate.
EXPONENTS = (0.5, 1.5)


@dataclass(frozen=True)
class RowsNeeded:
    """Number of rows needed to detect a difference.

    Attributes:
        effect: The size of the difference to detect, above 0.
        rows: The number of rows with which a confidence interval excludes 0 with the
            probability `power`.
        low: The lower end of the interval of `rows`.
        high: The upper end.
        level: The confidence level of the interval from `low` to `high`.
        power: See `rows`.
        exponent: The exponent of the variance, which is proportional to `rows **
            -exponent`.
    """

    effect: float
    rows: float
    low: float
    high: float
    level: float
    power: float
    exponent: float


def rows_to_detect(
    difference: PairedDifference,
    rows: int,
    effect: float | None = None,
    power: float = 0.8,
    level: float = 0.8,
    subsamples: Mapping[int, ArrayLike] | None = None,
    tests: int = 1,
) -> RowsNeeded | None:
    """Estimate the number of rows needed to detect a difference.

    With the same splits, the standard error of a mean difference is assumed to decrease
    with the square root of the number of rows. The interval includes the uncertainty of
    the variance. Few splits determine the variance poorly, so expect a factor of two
    between its ends. It does not include the uncertainty of the effect: if the true
    difference is smaller than the measured one, more rows are needed.

    Args:
        difference: The measured difference.
        rows: The number of labeled rows of the measurement.
        effect: The size of the difference to detect. By default the measured mean, but
            at least the smallest difference that matters.
        power: The probability that the confidence interval excludes 0.
        level: The confidence level of the interval of the number of rows.
        subsamples: The differences over the splits with fewer rows, by the number of
            rows. With these, the decrease of the variance is measured and not assumed,
            and the interval includes its uncertainty.
        tests: The number of tests for which the p value is corrected. The difference
            must be significant in the strictest of them.

    Returns:
        A `RowsNeeded`; None if all splits have the same difference, or the effect is 0.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> from keras_mtl.evaluation import compare_paired
    >>> found = compare_paired([0.02, -0.02, 0.03, -0.01, 0.01], 0.2, 0.01)
    >>> needed = rows_to_detect(found, rows=300)
    >>> round(needed.effect, 3), round(needed.rows, -2), round(needed.low, -2)
    (0.01, 8000.0, 4100.0)
    """
    for name, value in (("power", power), ("level", level)):
        if not 0 < value < 1:
            raise ValueError(
                f"Invalid value received for argument `{name}`. Expected a number "
                f"between 0 and 1. Received: {name}={value}"
            )
    for name, count in (("rows", rows), ("tests", tests)):
        if count < 1:
            raise ValueError(
                f"Invalid value received for argument `{name}`. Expected a positive "
                f"number. Received: {name}={count}"
            )
    if effect is None:
        effect = max(abs(difference.mean), difference.equivalence)
    if not difference.standard_error > 0 or not effect:
        return None
    freedom = difference.splits - 1
    reach = special.stdtrit(freedom, 1 - (1 - difference.level) / (2 * tests))
    reach += special.stdtrit(freedom, power)
    # Each draw of chi square gives a draw of the true variance.
    generator = np.random.default_rng(SEED)
    scale = freedom / generator.chisquare(freedom, DRAWS)
    exponent = 1.0
    exponents = np.full(DRAWS, exponent)
    if subsamples:
        exponent, exponents = _exponents(difference, rows, subsamples, generator, scale)
    factor = (reach * difference.standard_error / abs(effect)) ** 2
    draws = rows * (factor * scale) ** (1 / exponents)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return RowsNeeded(
        effect=abs(float(effect)),
        rows=float(rows * factor ** (1 / exponent)),
        low=float(low),
        high=float(high),
        level=level,
        power=power,
        exponent=float(exponent),
    )


def _exponents(
    difference: PairedDifference,
    rows: int,
    subsamples: Mapping[int, ArrayLike],
    generator: np.random.Generator,
    scale: np.ndarray,
) -> tuple[float, np.ndarray]:
    """Return the slope of the log variance over the log rows, and draws of it."""
    sizes, variances, draws = [rows], [difference.std**2], [scale]
    for size, differences in subsamples.items():
        values = np.asarray(differences, "float64")
        values = values[np.isfinite(values)]
        if size == rows or len(values) < 2 or np.ptp(values) == 0:
            continue
        sizes.append(size)
        variances.append(values.var(ddof=1))
        freedom = len(values) - 1
        draws.append(freedom / generator.chisquare(freedom, DRAWS))
    if len(sizes) == 1:
        return 1.0, np.ones(DRAWS)
    x = np.log(np.asarray(sizes, "float64"))
    weights = -(x - x.mean()) / np.sum((x - x.mean()) ** 2)
    slope = float(weights @ np.log(variances))
    slopes = slope + weights @ np.log(np.stack(draws))
    return float(np.clip(slope, *EXPONENTS)), np.clip(slopes, *EXPONENTS)
