"""The temperature that makes probabilities agree with labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["apply_temperature", "fit_residual_scale", "fit_temperature"]

Floats = NDArray[np.float64]

# Beyond these the labels of a few rows are separated perfectly, or the outputs
# know nothing of them: the best temperature would be 0 or infinite.
LOWEST, HIGHEST = 0.05, 20.0


def fit_temperature(labels: ArrayLike, logits: ArrayLike) -> float:
    """Finds the temperature that outputs are best divided by (Guo et al. 2017).

    It minimizes the log loss of the outputs `logits / temperature`. The log
    loss is convex in `1 / temperature`, so there is one minimum. Dividing by
    one number changes no ranking and no most probable class.

    The shapes say what the outputs mean: labels of shape (N,) and logits of
    shape (N,) or (N, 1) are of two classes; labels of shape (N,) and logits of
    shape (N, classes), of classes that exclude each other; labels of shape
    (N, labels), of yes-or-no labels that share one temperature.

    Args:
        labels: Encoded labels, NaN where missing: those are left out.
        logits: What the output activation is applied to. The logarithms of
            probabilities will do for classes that exclude each other.

    Returns:
        The temperature, between 0.05 and 20. Above 1 the outputs were too sure.
        1 where there is no label, or the logits are all 0.

    Raises:
        ValueError: When the shapes do not fit, or a logit is not finite.

    Example:

    >>> labels = [0, 0, 0, 1, 1, 1, 1, 0]
    >>> round(fit_temperature(labels, [-6, -6, -6, -6, 6, 6, 6, 6]), 2)
    5.46
    """
    truth, values = _pair(labels, logits)
    if not truth.size:
        return 1.0
    if values.ndim == 1:
        # The label's own logit, and the mean of it that the model expects.
        signs = 2 * truth - 1

        def slope(beta: float) -> float:
            return float(np.mean(-signs * values / (1 + np.exp(beta * signs * values))))

    else:
        chosen = np.take_along_axis(values, truth.astype(int)[:, None], axis=1)
        # From the label's own logit: a slope that is 0 is 0 without rounding.
        values = values - chosen

        def slope(beta: float) -> float:
            scaled = beta * values
            weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
            weights /= weights.sum(axis=1, keepdims=True)
            return float(np.mean(np.sum(weights * values, axis=1)))

    with np.errstate(over="ignore"):
        return 1 / _root(slope, 1 / HIGHEST, 1 / LOWEST)


def apply_temperature(
    probabilities: ArrayLike, temperature: float, exclusive: bool = False
) -> Floats:
    """Returns the probabilities that outputs have at another temperature.

    Args:
        probabilities: Of any shape.
        temperature: Above 0.
        exclusive: Whether the last axis is of classes that exclude each
            other, whose probabilities sum to 1.

    Returns:
        Probabilities of the same shape.

    Example:

    >>> apply_temperature([0.8, 0.5], 2.0).round(3).tolist()
    [0.667, 0.5]
    >>> apply_temperature([[0.8, 0.1, 0.1]], 2.0, exclusive=True).round(3).tolist()
    [[0.586, 0.207, 0.207]]
    """
    if not 0 < temperature < np.inf:
        raise ValueError(
            "Invalid value received for argument `temperature`. Expected a positive "
            f"number. Received: temperature={temperature}"
        )
    given = np.asarray(probabilities, "float64")
    with np.errstate(divide="ignore"):
        if not exclusive:
            odds = (np.log(given) - np.log1p(-given)) / temperature
            return 1 / (1 + np.exp(-odds))
        logs = np.log(given) / temperature
    weights: Floats = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def fit_residual_scale(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Returns the standard deviation of the residuals of a regression.

    It is the scale of a normal distribution around the predictions that makes
    the labels most likely: what a temperature is to classes.

    Args:
        labels: Of shape (N,), NaN where missing.
        predictions: Of shape (N,) or (N, 1).

    Returns:
        The scale, in the labels' unit; NaN where there is no label.

    Example:

    >>> fit_residual_scale([1.0, 2.0, float("nan")], [3.0, 0.0, 0.0])
    2.0
    """
    truth = np.asarray(labels, "float64").reshape(-1)
    residuals = truth - np.asarray(predictions, "float64").reshape(-1)
    known = residuals[~np.isnan(truth)]
    return float(np.sqrt(np.mean(known**2))) if known.size else float("nan")


def _pair(labels: ArrayLike, logits: ArrayLike) -> tuple[Floats, Floats]:
    """Returns known labels of shape (M,), and logits of shape (M,) or (M, classes)."""
    truth = np.asarray(labels, "float64")
    values = np.asarray(logits, "float64")
    if truth.ndim == 2 and truth.shape == values.shape:
        truth, values = truth.reshape(-1), values.reshape(-1)
    elif values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if truth.ndim != 1 or values.ndim > 2 or len(truth) != len(values):
        raise ValueError(
            "Expected `labels` of shape (N,) with `logits` of shape (N,) or (N, "
            "classes), or both of shape (N, labels). Received: labels of shape "
            f"{np.shape(labels)}, logits of shape {np.shape(logits)}"
        )
    known = ~np.isnan(truth)
    truth, values = truth[known], values[known]
    if not np.isfinite(values).all():
        raise ValueError("Expected finite `logits`. Received: NaN or infinity")
    classes = 2 if values.ndim == 1 else values.shape[1]
    if truth.size and not np.isin(truth, np.arange(classes)).all():
        raise ValueError(
            f"Expected `labels` from 0 to {classes - 1}. Received: labels from "
            f"{truth.min():g} to {truth.max():g}"
        )
    return truth, values


def _root(slope: Callable[[float], float], low: float, high: float) -> float:
    """Returns where an increasing function is 0, or the end nearest to that."""
    from scipy.optimize import brentq

    at_low, at_high = slope(low), slope(high)
    if at_low == at_high == 0:
        return 1.0
    if at_low >= 0:
        return low
    if at_high <= 0:
        return high
    root: float = brentq(slope, low, high, xtol=1e-10, rtol=1e-10)
    return root
