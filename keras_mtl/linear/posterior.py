"""The posterior of a linear head's weights, given a Gaussian prior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_softmax, softmax

__all__ = [
    "HeadPosterior",
    "LabeledRows",
    "Likelihood",
    "head_posterior",
    "labeled_rows",
    "likelihood_derivatives",
    "rows_posterior",
    "with_bias",
]

Floats = NDArray[np.float64]
Likelihood = Literal["regression", "binary", "multiclass"]

# The limits of Newton's method. Each step doubles the number of correct digits, and the
# search ends when the objective no longer changes.
NEWTON_STEPS = 100
TOLERANCE = 1e-9
HALVINGS = 30


@dataclass(frozen=True)
class HeadPosterior:
    """Gaussian posterior of the weights of one head.

    For a regression the posterior is exact. For classes it is Laplace's approximation:
    the mean is the most probable weights, and the covariance is the inverse of the
    curvature there.

    Attributes:
        mean: The weights, of shape (width + 1, units); the last row is the bias.
        covariance: The covariance of all weights, unit by unit, of shape (units *
            (width + 1), units * (width + 1)).
        noise: The noise variance of a regression; 0 for classes.
        log_evidence: The logarithm of the marginal likelihood of the labels under the
            prior. For classes it is Laplace's approximation too.
    """

    mean: Floats
    covariance: Floats
    noise: float = 0.0
    log_evidence: float = 0.0

    @property
    def kernel(self) -> Floats:
        """The mean weights as the kernel of a dense layer, (width, units)."""
        return self.mean[:-1]

    @property
    def bias(self) -> Floats:
        """The mean weights as the bias of a dense layer, (units,)."""
        return self.mean[-1]

    def predict(self, features: ArrayLike) -> Floats:
        """Return the head's mean output before its activation, (N, units)."""
        predicted: Floats = with_bias(features) @ self.mean
        return predicted

    def variance(self, features: ArrayLike) -> Floats:
        """Return the variance of the output before its activation, (N, units).

        The result includes the variance of the weights and, for a regression, the
        variance of the noise.

        Args:
            features: The trunk's outputs, of shape (N, width).
        """
        design = with_bias(features)
        size, units = self.mean.shape
        blocks = self.covariance.reshape(units, size, units, size)
        own = [blocks[unit, :, unit, :] for unit in range(units)]
        columns = [np.sum(design @ block * design, axis=1) for block in own]
        variances: Floats = np.stack(columns, axis=1) + self.noise
        return variances


@dataclass(frozen=True)
class LabeledRows:
    """The labeled rows of one task.

    Args:
        design: The features and a column of ones, (n, width + 1).
        labels: The labels: numbers, (n, 1), or probabilities of one class, (n, 1), or
            of each class, (n, classes).
        counts: The weight of each row, as a number of rows, (n,).
        likelihood: See `head_posterior`.
    """

    design: Floats
    labels: Floats
    counts: Floats
    likelihood: Likelihood = "regression"

    @property
    def units(self) -> int:
        """The number of outputs."""
        return self.labels.shape[1]

    @property
    def total(self) -> float:
        """The effective number of rows."""
        return float(self.counts.sum())

    @cached_property
    def moments(self) -> tuple[Floats, Floats, float]:
        """The sufficient statistics of a regression: X'CX, X'Cy and y'Cy."""
        weighted = self.design * self.counts[:, None]
        labels = self.labels[:, 0]
        square = float(self.counts @ labels**2)
        return weighted.T @ self.design, weighted.T @ labels, square

    def squared_error(self, posterior: HeadPosterior) -> float:
        """Return the expected mean squared error under a regression's posterior."""
        gram, cross, square = self.moments
        weights = posterior.mean[:, 0]
        errors = square - 2 * weights @ cross + weights @ gram @ weights
        spread = float(np.sum(gram * posterior.covariance))
        return (max(float(errors), 0.0) + spread) / self.total


def with_bias(features: ArrayLike) -> Floats:
    """Return features with a column of ones after them, (N, width + 1)."""
    matrix = np.asarray(features, "float64")
    return np.concatenate([matrix, np.ones((len(matrix), 1))], axis=1)


def head_posterior(
    features: ArrayLike,
    labels: ArrayLike,
    mean: ArrayLike,
    covariance: ArrayLike,
    likelihood: Likelihood = "regression",
    noise: float = 1.0,
    classes: int = 2,
    near: ArrayLike | None = None,
) -> HeadPosterior:
    """Compute the posterior of a head's weights with the prior N(mean, covariance).

    The covariance of the prior may be singular, as its inverse is not needed.

    Args:
        features: The trunk's outputs, of shape (N, width).
        labels: Numbers or class indices, of shape (N,); NaN is missing.
        mean: The prior's mean, of shape (width + 1,), the bias last.
        covariance: The prior's covariance, (width + 1, width + 1). The weights of each
            class of `"multiclass"` have this prior.
        likelihood: `"regression"`, for labels with Gaussian noise; `"binary"`, a
            sigmoid; or `"multiclass"`, a softmax.
        noise: The noise variance of a regression.
        classes: The number of classes of `"multiclass"`.
        near: Initial weights, of shape (width + 1, units), of the search for the most
            probable weights. They affect the time and not the result.

    Returns:
        The posterior.

    Raises:
        ValueError: If no row has a label.

    Example:

    >>> one = head_posterior([[0.0]], [3.0], [0.0, 0.0], np.eye(2), noise=1.0)
    >>> one.mean.ravel().tolist(), one.variance([[0.0]]).item()
    ([0.0, 1.5], 1.5)
    """
    rows = labeled_rows(features, labels, likelihood, classes)
    return rows_posterior(rows, mean, covariance, noise, near)


def labeled_rows(
    features: ArrayLike,
    labels: ArrayLike,
    likelihood: Likelihood = "regression",
    classes: int = 2,
) -> LabeledRows:
    """Select the labeled rows, each with the weight 1.

    Args:
        features: See `head_posterior`, also for the following arguments.
        labels: The labels: numbers, or indices of classes.
        likelihood: The kind of labels.
        classes: The number of classes.

    Raises:
        ValueError: If no row has a label.
    """
    values = np.asarray(labels, "float64")
    known = ~np.isnan(values)
    if not known.any():
        raise ValueError(
            "Invalid value received for argument `labels`. Expected at least one "
            "label. Received: none."
        )
    columns = values[known][:, None]
    if likelihood == "multiclass":
        columns = np.eye(classes)[columns[:, 0].astype(int)]
    design = with_bias(np.asarray(features, "float64")[known])
    return LabeledRows(design, columns, np.ones(len(design)), likelihood)


def rows_posterior(
    rows: LabeledRows,
    mean: ArrayLike,
    covariance: ArrayLike,
    noise: float = 1.0,
    near: ArrayLike | None = None,
) -> HeadPosterior:
    """Compute the posterior of a head's weights from the labeled rows of a task.

    Args:
        rows: The rows.
        mean: See `head_posterior`, also for the following arguments.
        covariance: The prior's covariance.
        noise: The noise variance of a regression.
        near: Initial weights of the search for the most probable weights.
    """
    start, spread = np.asarray(mean, "float64"), np.asarray(covariance, "float64")
    if rows.likelihood != "regression":
        weights = None if near is None else np.asarray(near, "float64").T.ravel()
        return _laplace(rows, start, spread, weights)
    gram, cross, square = rows.moments
    curvature = gram / noise
    pull = (cross - gram @ start) / noise
    shift, posterior = _update(curvature, pull, spread)
    errors = float(square - 2 * start @ cross + start @ gram @ start) / noise
    fit = rows.total * np.log(2 * np.pi * noise) + errors
    evidence = -0.5 * float(fit - pull @ shift + _log_volume(curvature, spread))
    return HeadPosterior((start + shift)[:, None], posterior, noise, evidence)


def likelihood_derivatives(
    rows: LabeledRows, weights: Floats, noise: float = 1.0
) -> tuple[Floats, Floats]:
    """Compute the gradient and the curvature of `-log p(labels)` by all weights.

    Args:
        rows: The rows.
        weights: The weights, (width + 1, units).
        noise: The noise variance of a regression.

    Returns:
        The gradient, (units * (width + 1),), and the curvature, (units * (width + 1),
        units * (width + 1)), both unit by unit.
    """
    if rows.likelihood == "regression":
        gram, cross, _ = rows.moments
        return (gram @ weights[:, 0] - cross) / noise, gram / noise
    return _derivatives(rows, weights.T.ravel())


def _update(curvature: Floats, pull: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Compute the shift of the mean and the covariance of a Gaussian posterior.

    With the prior's covariance S and the curvature G of the likelihood, the posterior's
    covariance is (S^-1 + G)^-1 = S (I + G S)^-1.
    """
    inside = np.eye(len(spread)) + curvature @ spread
    posterior = np.linalg.solve(inside.T, spread.T).T
    posterior = (posterior + posterior.T) / 2
    return posterior @ pull, posterior


def _log_volume(curvature: Floats, spread: Floats) -> float:
    """Return the log ratio of the determinants of prior and posterior covariance."""
    return float(np.linalg.slogdet(np.eye(len(spread)) + curvature @ spread)[1])


def _laplace(
    rows: LabeledRows, start: Floats, spread: Floats, near: Floats | None
) -> HeadPosterior:
    """Compute the most probable weights by Newton's method, and the curvature there."""
    units, size = rows.units, rows.design.shape[1]
    prior: Floats = np.kron(np.eye(units), spread).astype("float64")
    # Weights are start + prior @ dual, so steps stay in the range of the prior.
    center = np.tile(start, units)
    dual = np.zeros(size * units)
    weights = center

    def objective(dual: Floats, weights: Floats) -> float:
        distance = 0.5 * float(dual @ prior @ dual)
        return _log_loss(rows, weights) + distance

    best = objective(dual, weights)
    if near is not None:
        # At the best weights, the dual is the negative gradient.
        opposite = -_derivatives(rows, near)[0]
        moved = center + prior @ opposite
        if (value := objective(opposite, moved)) < best:
            dual, weights, best = opposite, moved, value
    for _ in range(NEWTON_STEPS):
        slope, curvature = _derivatives(rows, weights)
        # For -log p: gradient + dual = 0 at the best weights.
        inside = np.eye(len(prior)) + curvature @ prior
        step = np.linalg.solve(inside, -(slope + dual))
        change = prior @ step
        length = 1.0
        for _ in range(HALVINGS):
            tried = dual + length * step
            moved = weights + length * change
            value = objective(tried, moved)
            if value <= best:
                break
            length /= 2
        else:
            break  # No further digit can be gained.
        gained = best - value
        dual, weights, best = tried, moved, value
        if gained <= TOLERANCE * (1 + abs(best)):
            break
    _, curvature = _derivatives(rows, weights)
    _, posterior = _update(curvature, np.zeros(len(prior)), prior)
    evidence = -best - 0.5 * _log_volume(curvature, prior)
    return HeadPosterior(
        weights.reshape(units, size).T, posterior, log_evidence=evidence
    )


def _logits(rows: LabeledRows, weights: Floats) -> Floats:
    logits: Floats = rows.design @ weights.reshape(rows.units, -1).T
    return logits


def _log_loss(rows: LabeledRows, weights: Floats) -> float:
    logits = _logits(rows, weights)
    if rows.units == 1:
        # For a label of 1, the sign of the logit is changed, so that no digits cancel.
        share = rows.labels[:, 0]
        losses = share * np.logaddexp(0, -logits[:, 0])
        losses += (1 - share) * np.logaddexp(0, logits[:, 0])
    else:
        losses = -(rows.labels * log_softmax(logits, axis=1)).sum(axis=1)
    return float(rows.counts @ losses)


def _derivatives(rows: LabeledRows, weights: Floats) -> tuple[Floats, Floats]:
    """Compute the gradient and the curvature of the log loss by all weights."""
    logits = _logits(rows, weights)
    design, counts, units = rows.design, rows.counts, rows.units
    if units == 1:
        share = expit(logits[:, 0])
        slope: Floats = design.T @ (counts * (share - rows.labels[:, 0]))
        factor = counts * share * (1 - share)
        return slope, design.T @ (design * factor[:, None])
    shares = softmax(logits, axis=1)
    errors = (shares - rows.labels) * counts[:, None]
    slope = (errors.T @ design).ravel()
    size = design.shape[1]
    curvature = np.empty((units * size, units * size))
    for one in range(units):
        for other in range(units):
            factor = counts * shares[:, one] * ((one == other) - shares[:, other])
            block = design.T @ (design * factor[:, None])
            place = slice(one * size, (one + 1) * size)
            curvature[place, other * size : (other + 1) * size] = block
    return slope, curvature
