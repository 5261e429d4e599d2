"""Temperatures that calibrate probabilities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["apply_temperature", "fit_residual_scale", "fit_temperature"]

Floats = NDArray[np.float64]

# The limits of a temperature. If the outputs separate few labels perfectly, or are
# unrelated to the labels, the best temperature would be 0 or infinite.
LOWEST, HIGHEST = 0.05, 20.0


def fit_temperature(labels: ArrayLike, logits: ArrayLike) -> float:
    """Fit the temperature that calibrates the logits of a model (Guo et al. 2017).

    The temperature minimizes the log loss of the outputs `logits / temperature`. There
    is one minimum, because the log loss is convex in `1 / temperature`. A temperature
    does not change the ranking of rows by a binary probability, nor the most probable
    class.

    The shapes determine the kind of task. Labels of shape (N,) and logits of shape (N,)
    or (N, 1) are binary. Labels of shape (N,) and logits of shape (N, classes) are
    multi-class. Labels of shape (N, labels) are multilabel, with one temperature for
    all labels.

    Args:
        labels: Encoded labels, NaN where missing. Missing labels are ignored.
        logits: The inputs of the output activation. For mutually exclusive classes,
            they may be the logarithms of probabilities.

    Returns:
        The temperature, between 0.05 and 20. Above 1, the outputs were overconfident.
        It is 1 if there is no label, or all logits are 0.

    Raises:
        ValueError: If the shapes do not match, or a logit is not finite.

    Example:

    >>> labels = [0, 0, 0, 1, 1, 1, 1, 0]
    >>> round(fit_temperature(labels, [-6, -6, -6, -6, 6, 6, 6, 6]), 2)
    5.46
    """
    truth, values = _pair(labels, logits)
    if not truth.size:
        return 1.0
    if values.ndim == 1:
        # The logit of the label, and the mean logit that the model expects.
        signs = 2 * truth - 1

        def slope(beta: float) -> float:
            return float(np.mean(-signs * values / (1 + np.exp(beta * signs * values))))

    else:
        chosen = np.take_along_axis(values, truth.astype(int)[:, None], axis=1)
        # Relative to the label's logit, a slope of 0 has no rounding error.
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
    """Return the probabilities of logits divided by a temperature.

    Args:
        probabilities: Probabilities of any shape.
        temperature: The temperature, above 0.
        exclusive: Whether the last axis has mutually exclusive classes, whose
            probabilities sum to 1.

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
    """Return the standard deviation of the residuals of a regression.

    This scale of a normal distribution around the predictions maximizes the likelihood
    of the labels. It calibrates regressions as a temperature calibrates classes.

    Args:
        labels: Labels of shape (N,), NaN where missing.
        predictions: Predictions of shape (N,) or (N, 1).

    Returns:
        The scale in the unit of the labels; NaN if there is no label.

    Example:

    >>> fit_residual_scale([1.0, 2.0, float("nan")], [3.0, 0.0, 0.0])
    2.0
    """
    truth = np.asarray(labels, "float64").reshape(-1)
    residuals = truth - np.asarray(predictions, "float64").reshape(-1)
    known = residuals[~np.isnan(truth)]
    return float(np.sqrt(np.mean(known**2))) if known.size else float("nan")


def _pair(labels: ArrayLike, logits: ArrayLike) -> tuple[Floats, Floats]:
    """Return known labels of shape (M,), and logits of shape (M,) or (M, classes)."""
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
    """Return the zero of an increasing function, or the end nearest to the zero."""
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
