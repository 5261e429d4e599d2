"""The posterior of a linear head's weights, given a Gaussian prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_softmax, softmax

__all__ = ["HeadPosterior", "Likelihood", "head_posterior", "with_bias"]

Floats = NDArray[np.float64]
Likelihood = Literal["regression", "binary", "multiclass"]

# Newton's method doubles the number of right digits each time; it ends when the
# logits stay.
NEWTON_STEPS = 100
TOLERANCE = 1e-9
HALVINGS = 30


@dataclass(frozen=True)
class HeadPosterior:
    """A Gaussian over the weights of one head.

    For a regression it is exact. For classes it is Laplace's approximation: the
    most probable weights, and the inverse of the curvature there.

    Attributes:
        mean: The weights, of shape (width + 1, units); the last row is the bias.
        covariance: Of all weights, unit after unit, of shape
            (units * (width + 1), units * (width + 1)).
        noise: The variance of a regression's labels around the head; 0 for
            classes.
        log_evidence: The logarithm of the labels' probability under the prior:
            how well the prior foresaw them. For classes it is Laplace's
            approximation too.
    """

    mean: Floats
    covariance: Floats
    noise: float = 0.0
    log_evidence: float = 0.0

    @property
    def kernel(self) -> Floats:
        """The kernel of a dense layer with the mean weights, (width, units)."""
        return self.mean[:-1]

    @property
    def bias(self) -> Floats:
        """The bias of that layer, (units,)."""
        return self.mean[-1]

    def predict(self, features: ArrayLike) -> Floats:
        """Returns the head's mean output before its activation, (N, units)."""
        predicted: Floats = with_bias(features) @ self.mean
        return predicted

    def variance(self, features: ArrayLike) -> Floats:
        """Returns the variance of the output before its activation, (N, units).

        It is that of the weights, and for a regression that of the noise.

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


def with_bias(features: ArrayLike) -> Floats:
    """Returns features with a column of ones after them, (N, width + 1)."""
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
    """Returns the posterior of a head's weights with the prior N(mean, covariance).

    No inverse of the prior's covariance is needed, so that it may be singular.

    Args:
        features: The trunk's outputs, of shape (N, width).
        labels: Numbers, or indices of classes, of shape (N,); NaN is missing.
        mean: The prior's mean, of shape (width + 1,), the bias last.
        covariance: The prior's covariance, (width + 1, width + 1). Each class of
            `"multiclass"` has weights of its own from this prior.
        likelihood: `"regression"`, labels with Gaussian noise: the posterior is
            exact. `"binary"` (a sigmoid) and `"multiclass"` (a softmax): Laplace's
            approximation.
        noise: The variance of a regression's noise.
        classes: The number of classes of `"multiclass"`.
        near: Weights, of shape (width + 1, units), from which the most probable
            ones are sought. They change how long it takes, not the result.

    Returns:
        The posterior.

    Raises:
        ValueError: When no row has a label.

    Example:

    >>> one = head_posterior([[0.0]], [3.0], [0.0, 0.0], np.eye(2), noise=1.0)
    >>> one.mean.ravel().tolist(), one.variance([[0.0]]).item()
    ([0.0, 1.5], 1.5)
    """
    known = ~np.isnan(np.asarray(labels, "float64"))
    if not known.any():
        raise ValueError(
            "Invalid value received for argument `labels`. Expected at least one "
            "label. Received: none."
        )
    design = with_bias(np.asarray(features, "float64")[known])
    values = np.asarray(labels, "float64")[known]
    start, spread = np.asarray(mean, "float64"), np.asarray(covariance, "float64")
    if likelihood == "regression":
        curvature = design.T @ design / noise
        apart = values - design @ start
        pull = design.T @ apart / noise
        shift, posterior = _update(curvature, pull, spread)
        fit = len(values) * np.log(2 * np.pi * noise) + apart @ apart / noise
        evidence = -0.5 * float(fit - pull @ shift + _log_volume(curvature, spread))
        return HeadPosterior((start + shift)[:, None], posterior, noise, evidence)
    units = 1 if likelihood == "binary" else classes
    weights = None if near is None else np.asarray(near, "float64").T.ravel()
    return _laplace(design, values, start, spread, units, weights)


def _update(curvature: Floats, pull: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Returns the shift of the mean and the covariance of a Gaussian posterior.

    With the prior's covariance S and the curvature G of the likelihood the
    posterior's covariance is (S^-1 + G)^-1 = S (I + G S)^-1.
    """
    inside = np.eye(len(spread)) + curvature @ spread
    posterior = np.linalg.solve(inside.T, spread.T).T
    posterior = (posterior + posterior.T) / 2
    return posterior @ pull, posterior


def _log_volume(curvature: Floats, spread: Floats) -> float:
    """Returns how much smaller the posterior is than the prior, as a logarithm."""
    return float(np.linalg.slogdet(np.eye(len(spread)) + curvature @ spread)[1])


def _laplace(
    design: Floats,
    labels: Floats,
    start: Floats,
    spread: Floats,
    units: int,
    near: Floats | None,
) -> HeadPosterior:
    """Finds the most probable weights by Newton's method, and the curvature there."""
    size = design.shape[1]
    prior: Floats = np.kron(np.eye(units), spread).astype("float64")
    # Weights are start + prior @ dual: a step never leaves the prior's range.
    center = np.tile(start, units)
    dual = np.zeros(size * units)
    weights = center

    def objective(dual: Floats, weights: Floats) -> float:
        distance = 0.5 * float(dual @ prior @ dual)
        return _log_loss(design, labels, weights, units) + distance

    best = objective(dual, weights)
    if near is not None:
        # At the best weights the dual is the slope's opposite.
        opposite = -_derivatives(design, labels, near, units)[0]
        moved = center + prior @ opposite
        if (value := objective(opposite, moved)) < best:
            dual, weights, best = opposite, moved, value
    for _ in range(NEWTON_STEPS):
        slope, curvature = _derivatives(design, labels, weights, units)
        # Of -log p: slope + dual = 0 at the best weights.
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
            break  # No digit is left to win.
        gained = best - value
        dual, weights, best = tried, moved, value
        if gained <= TOLERANCE * (1 + abs(best)):
            break
    _, curvature = _derivatives(design, labels, weights, units)
    _, posterior = _update(curvature, np.zeros(len(prior)), prior)
    evidence = -best - 0.5 * _log_volume(curvature, prior)
    return HeadPosterior(
        weights.reshape(units, size).T, posterior, log_evidence=evidence
    )


def _logits(design: Floats, weights: Floats, units: int) -> Floats:
    logits: Floats = design @ weights.reshape(units, -1).T
    return logits


def _log_loss(design: Floats, labels: Floats, weights: Floats, units: int) -> float:
    logits = _logits(design, weights, units)
    if units == 1:
        signed = np.where(labels == 1, logits[:, 0], -logits[:, 0])
        return float(np.logaddexp(0, -signed).sum())
    chosen = labels.astype(int)
    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), chosen].sum())


def _derivatives(
    design: Floats, labels: Floats, weights: Floats, units: int
) -> tuple[Floats, Floats]:
    """Returns the slope and the curvature of the log loss in all weights."""
    logits = _logits(design, weights, units)
    if units == 1:
        share = expit(logits[:, 0])
        slope: Floats = design.T @ (share - labels)
        return slope, design.T @ (design * (share * (1 - share))[:, None])
    shares = softmax(logits, axis=1)
    errors = shares - np.eye(units)[labels.astype(int)]
    slope = (errors.T @ design).ravel()
    size = design.shape[1]
    curvature = np.empty((units * size, units * size))
    for one in range(units):
        for other in range(units):
            factor = shares[:, one] * ((one == other) - shares[:, other])
            block = design.T @ (design * factor[:, None])
            rows = slice(one * size, (one + 1) * size)
            curvature[rows, other * size : (other + 1) * size] = block
    return slope, curvature
