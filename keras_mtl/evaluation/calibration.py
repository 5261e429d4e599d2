"""Calibration: how well probabilities agree with observed shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keras_mtl.evaluation.proportions import proportion_interval

__all__ = [
    "BrierParts",
    "CalibrationError",
    "ReliabilityCurve",
    "brier_parts",
    "calibration_error",
    "reliability_curve",
    "top_class",
]

Floats = NDArray[np.float64]

BINS = 10
DRAWS = 500
# With at least this many rows, the hits of a bin are drawn from a normal distribution,
# which is accurate for thousands of rows.
MANY_ROWS = 20_000


@dataclass(frozen=True)
class ReliabilityCurve:
    """Observed shares over predicted probabilities, in bins of about equal size.

    Attributes:
        predicted: The mean probability of each bin.
        observed: The share of positive rows of each bin.
        low: The lower ends of the intervals of the observed shares.
        high: The upper ends of these intervals.
        rows: The number of rows of each bin.
    """

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    rows: NDArray[np.intp]


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error, and its value for perfect calibration.

    Attributes:
        value: The mean distance between observed shares and predicted probabilities,
            over bins with about equally many rows, weighted by the rows.
        bias: The mean value of perfectly calibrated probabilities with this number of
            rows.
        high: The value that perfectly calibrated probabilities exceed in 5 % of the
            cases.
        p_value: The share of the simulations of perfectly calibrated probabilities
            whose value is at least this high.
        rows: The number of labels.
        bins: The number of bins.
    """

    value: float
    bias: float
    high: float
    p_value: float
    rows: int
    bins: int

    @property
    def corrected(self) -> float:
        """The value minus its bias, but at least 0."""
        return max(0.0, self.value - self.bias)


@dataclass(frozen=True)
class BrierParts:
    """Brier score of binary labels and its decomposition.

    `brier = reliability - resolution + uncertainty + within`.

    Attributes:
        brier: The mean squared difference of probabilities and labels.
        reliability: The part that comes from differences between probabilities and
            observed shares; 0 is best.
        resolution: The part by which differences of the observed shares between bins
            lower the score; the larger, the better.
        uncertainty: The Brier score of the share of positive labels.
        within: The part that comes from different probabilities within a bin
            (Stephenson et al. 2008); small if there are many bins.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def reliability_curve(
    labels: ArrayLike, probabilities: ArrayLike, bins: int = BINS, level: float = 0.95
) -> ReliabilityCurve:
    """Compare predicted probabilities with observed shares.

    The bins have about equally many rows. Equal probabilities are in the same bin, so
    that there may be fewer bins than requested.

    Args:
        labels: Labels 0 or 1, NaN where missing, of any shape. Missing labels are
            ignored.
        probabilities: The probabilities of a positive label, of the same shape.
        bins: The largest number of bins.
        level: The confidence level of the intervals of the shares.

    Returns:
        The `ReliabilityCurve`; without bins if there is no label.

    Example:

    >>> curve = reliability_curve([0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8], bins=2)
    >>> curve.predicted.round(2).tolist(), curve.observed.tolist()
    ([0.2, 0.7], [0.0, 1.0])
    """
    truth, probability, starts = _binned(labels, probabilities, bins)
    rows = np.diff(np.append(starts, len(truth)))
    hits = _sums(truth, starts)
    low, high = proportion_interval(hits, rows, level)
    return ReliabilityCurve(
        predicted=_sums(probability, starts) / rows,
        observed=hits / rows,
        low=low,
        high=high,
        rows=rows,
    )


def calibration_error(
    labels: ArrayLike,
    probabilities: ArrayLike,
    bins: int = BINS,
    draws: int = DRAWS,
    seed: int = 0,
) -> CalibrationError:
    """Compute the expected calibration error and its bias.

    The error is above 0 even for perfectly calibrated probabilities, as the observed
    shares of few rows vary by chance. This bias is simulated: labels are drawn from the
    probabilities, and their error is computed in the same bins.

    Args:
        labels: Labels 0 or 1, NaN where missing, of any shape. Missing labels are
            ignored.
        probabilities: The probabilities of a positive label, of the same shape.
        bins: The largest number of bins.
        draws: The number of simulations.
        seed: The seed of the simulations.

    Returns:
        The `CalibrationError`; NaN if there is no label.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> probabilities = generator.uniform(size=500)
    >>> labels = generator.uniform(size=500) < probabilities
    >>> error = calibration_error(labels, probabilities)
    >>> round(error.value, 2), round(error.bias, 2), error.p_value > 0.05
    (0.04, 0.04, True)
    """
    truth, probability, starts = _binned(labels, probabilities, bins)
    rows = len(truth)
    if not rows:
        nan = float("nan")
        return CalibrationError(nan, nan, nan, nan, 0, 0)
    value = float(np.abs(_sums(truth - probability, starts)).sum() / rows)
    generator = np.random.default_rng(seed)
    if rows > MANY_ROWS:
        scales = np.sqrt(_sums(probability * (1 - probability), starts))
        gaps = generator.normal(size=(draws, len(starts))) * scales
    else:
        gaps = np.stack(
            [
                _sums((generator.random(rows) < probability) - probability, starts)
                for _ in range(draws)
            ]
        )
    simulated = np.abs(gaps).sum(axis=1) / rows
    return CalibrationError(
        value=value,
        bias=float(simulated.mean()),
        high=float(np.quantile(simulated, 0.95)),
        p_value=float((1 + np.sum(simulated >= value)) / (1 + draws)),
        rows=rows,
        bins=len(starts),
    )


def brier_parts(
    labels: ArrayLike, probabilities: ArrayLike, bins: int = BINS
) -> BrierParts:
    """Decompose the Brier score (Murphy 1973).

    Args:
        labels: Labels 0 or 1, NaN where missing, of any shape. Missing labels are
            ignored.
        probabilities: The probabilities of a positive label, of the same shape.
        bins: The largest number of bins.

    Returns:
        The `BrierParts`; all NaN if there is no label.

    Example:

    >>> parts = brier_parts([0, 0, 1, 1], [0.25, 0.25, 0.75, 0.75])
    >>> parts.brier, parts.reliability, parts.resolution, parts.uncertainty
    (0.0625, 0.0625, 0.25, 0.25)
    """
    truth, probability, starts = _binned(labels, probabilities, bins)
    total = len(truth)
    if not total:
        return BrierParts(*[float("nan")] * 5)
    rows = np.diff(np.append(starts, total))
    observed = _sums(truth, starts) / rows
    predicted = _sums(probability, starts) / rows
    share = truth.mean()
    brier = float(np.mean((probability - truth) ** 2))
    reliability = float(np.sum(rows * (predicted - observed) ** 2) / total)
    resolution = float(np.sum(rows * (observed - share) ** 2) / total)
    uncertainty = float(share * (1 - share))
    within = brier - reliability + resolution - uncertainty
    return BrierParts(brier, reliability, resolution, uncertainty, within)


def top_class(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Floats, Floats]:
    """Return whether the most probable class is correct, and its probability.

    With these two arrays, the calibration of a multi-class task is evaluated like that
    of a binary label.

    Args:
        labels: Class indices, NaN where missing, of shape (N,).
        probabilities: Probabilities of shape (N, classes).

    Returns:
        Two arrays of shape (N,): 1 for correct, 0 for wrong, and NaN where the label is
        missing; and the largest probability of each row.

    Example:

    >>> right, probability = top_class([0, 2], [[0.7, 0.2, 0.1], [0.5, 0.3, 0.2]])
    >>> right.tolist(), probability.tolist()
    ([1.0, 0.0], [0.7, 0.5])
    """
    truth = np.asarray(labels, "float64")
    values = np.asarray(probabilities, "float64")
    right = np.where(np.isnan(truth), np.nan, values.argmax(axis=1) == truth)
    return right, values.max(axis=1)


def _binned(
    labels: ArrayLike, probabilities: ArrayLike, bins: int
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return the known labels and probabilities by rank, and the starts of the bins."""
    if bins < 1:
        raise ValueError(
            "Invalid value received for argument `bins`. Expected a positive number. "
            f"Received: bins={bins}"
        )
    truth = np.asarray(labels, "float64").reshape(-1)
    probability = np.asarray(probabilities, "float64").reshape(-1)
    if truth.shape != probability.shape:
        raise ValueError(
            "Expected `labels` and `probabilities` of the same shape. Received: "
            f"shapes {np.shape(labels)} and {np.shape(probabilities)}"
        )
    known = ~np.isnan(truth)
    truth, probability = truth[known], probability[known]
    order = np.argsort(probability, kind="stable")
    truth, probability = truth[order], probability[order]
    if not truth.size:
        return truth, probability, np.empty(0, np.intp)
    # A bin begins at the first row above a quantile, so ties stay together.
    edges = np.quantile(probability, np.arange(1, bins) / bins)
    starts = np.searchsorted(probability, edges, side="right")
    starts = np.unique(np.concatenate([[0], starts]))
    return truth, probability, starts[starts < len(truth)]


def _sums(values: Floats, starts: NDArray[np.intp]) -> Floats:
    if not len(starts):
        return np.empty(0)
    sums: Floats = np.add.reduceat(values, starts)
    return sums
