"""The difference of two models over the splits of a cross-validation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

__all__ = ["PairedDifference", "compare_paired"]


@dataclass(frozen=True)
class PairedDifference:
    """Difference between two models over the same splits.

    Attributes:
        differences: One number per split, above 0 if the first model is better; NaN if
            one of the two failed.
        mean: The mean of the differences.
        std: The standard deviation of the differences, with n - 1 degrees of freedom.
        standard_error: The standard error of the mean, corrected for the overlap of the
            training rows of different splits.
        level: The confidence level of the interval from `low` to `high`.
        low: The lower end of the confidence interval of the mean.
        high: The upper end of the confidence interval.
        p_value: The p value of the two-sided test that the mean is 0.
        equivalence: The largest difference that does not matter.
        hurts: The probability that the first model is worse by more than
            `equivalence`.
        no_difference: The probability that the two differ by at most `equivalence`.
        helps: The probability that the first model is better by more than
            `equivalence`.
        adjusted_p_value: The p value corrected for several tests, for example by
            `holm`; equal to `p_value` before `adjust` is called.
    """

    differences: tuple[float, ...]
    mean: float
    std: float
    standard_error: float
    level: float
    low: float
    high: float
    p_value: float
    equivalence: float
    hurts: float
    no_difference: float
    helps: float
    adjusted_p_value: float

    @property
    def splits(self) -> int:
        """The number of splits with a difference."""
        return int(np.isfinite(self.differences).sum())

    @property
    def failed(self) -> int:
        """The number of splits without a difference."""
        return len(self.differences) - self.splits

    def adjust(self, p_value: float) -> PairedDifference:
        """Return a copy with another adjusted p value."""
        return replace(self, adjusted_p_value=float(p_value))


def compare_paired(
    differences: ArrayLike,
    test_share: float,
    equivalence: float,
    level: float = 0.95,
) -> PairedDifference:
    """Test the differences of two models over the splits of a cross-validation.

    The splits share most of their training rows, so their differences are not
    independent and the usual standard error is too small. The interval and the p value
    come from the corrected resampled t test (Nadeau and Bengio 2003): the variance
    of the mean is `(1 / n + test rows / training rows) * variance`, with n - 1 degrees
    of freedom. The probabilities `hurts`, `no_difference` and `helps` come from the
    Bayesian correlated t test (Benavoli et al. 2017), whose posterior is Student's t
    with the same center, scale and degrees of freedom.

    Splits without a difference are left out and counted in `failed`. With fewer than
    two splits, everything except the mean is NaN.

    Args:
        differences: One difference per split, above 0 if the first model is better.
        test_share: The share of the rows that a split holds out, between 0 and 1: for
            five folds 0.2, with any number of repeats.
        equivalence: The largest difference that does not matter, in the unit
            of the differences; 0 or more.
        level: The confidence level of the interval.

    Returns:
        A `PairedDifference`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> found = compare_paired([0.01, 0.03, 0.02, 0.03], 0.25, equivalence=0.01)
    >>> round(found.mean, 4), round(found.low, 4), round(found.high, 4)
    (0.0225, -0.0008, 0.0458)
    >>> round(found.helps, 2), round(found.no_difference, 2)
    (0.91, 0.08)
    """
    _check_range("test_share", test_share, 0, 1)
    _check_range("level", level, 0, 1)
    if not 0 <= equivalence < np.inf:
        raise ValueError(
            "Invalid value received for argument `equivalence`. Expected 0 or a "
            f"positive number. Received: equivalence={equivalence}"
        )
    given = np.asarray(differences, "float64").reshape(-1)
    values = given[np.isfinite(given)]
    count = len(values)
    mean = float(values.mean()) if count else np.nan
    std = low = high = p_value = hurts = no_difference = helps = np.nan
    standard_error = np.nan
    if count > 1:
        std = float(values.std(ddof=1))
        # Differences that are equal up to rounding have no spread.
        if std <= 1e-12 * float(np.abs(values).max()):
            std = 0.0
        ratio = test_share / (1 - test_share)
        standard_error = float(np.sqrt(1 / count + ratio) * std)
        freedom = count - 1
        half = float(special.stdtrit(freedom, (1 + level) / 2)) * standard_error
        low, high = mean - half, mean + half
        # Without spread, the mass of the posterior below a bound is 0 or 1.
        p_value = 2 * _mass_below(-abs(mean), standard_error, freedom)
        if standard_error == 0 and mean == 0:
            p_value = 1.0
        hurts = _mass_below(-equivalence - mean, standard_error, freedom)
        helps = _mass_below(mean - equivalence, standard_error, freedom)
        no_difference = max(0.0, 1.0 - hurts - helps)
    return PairedDifference(
        differences=tuple(given.tolist()),
        mean=mean,
        std=std,
        standard_error=standard_error,
        level=level,
        low=low,
        high=high,
        p_value=p_value,
        equivalence=float(equivalence),
        hurts=hurts,
        no_difference=no_difference,
        helps=helps,
        adjusted_p_value=p_value,
    )


def _mass_below(distance: float, scale: float, freedom: int) -> float:
    if scale == 0:
        return float(distance > 0)
    return float(special.stdtr(freedom, distance / scale))


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low < value < high:
        raise ValueError(
            f"Invalid value received for argument `{name}`. Expected a number between "
            f"{low} and {high}. Received: {name}={value}"
        )
