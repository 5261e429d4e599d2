"""Laplace's approximation of the latent values of labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from keras_mtl.kernels.latent_labels import LatentLabels

__all__ = ["LaplaceFit", "laplace"]

MOST_STEPS = 100


@dataclass(frozen=True)
class LaplaceFit:
    """The mode of the latent values, and the normal distribution around it.

    The distribution is exact for regressions (Rasmussen and Williams 2006, 2.3), and
    Laplace's approximation for classes (sections 3.4 and 3.5).

    Attributes:
        values: The latent values at the mode, (n,).
        answers: `K^-1 (values - means)`, which is the gradient of the log likelihood,
            (n,).
        precision: `(K + W^-1)^-1`, (n, n): the covariance of the latent values
            is `K - K precision K`.
        log_evidence: The logarithm of the marginal likelihood of the labels.
        residual: The largest difference between the gradient and `answers`.
    """

    values: np.ndarray
    answers: np.ndarray
    precision: np.ndarray
    log_evidence: float
    residual: float


def laplace(
    covariance: np.ndarray,
    means: np.ndarray,
    labels: LatentLabels,
    noise: np.ndarray,
    start: np.ndarray | None = None,
) -> LaplaceFit:
    """Find the mode of the latent values by Newton's method.

    Args:
        covariance: K of the latent values, (n, n), positive semidefinite.
        means: The prior means of the latent values, (n,).
        labels: The labels.
        noise: The noise variance of each output, (K,).
        start: The `answers` of a similar fit.
    """
    answers = np.zeros(len(labels)) if start is None else start
    values = means + covariance @ answers
    value = _posterior(values, answers, means, labels, noise)
    if start is not None:
        # A start that is worse than zeros is not used.
        blank = _posterior(means, 0.0 * answers, means, labels, noise)
        if not value >= blank:
            answers, values, value = 0.0 * answers, means, blank
    for _ in range(MOST_STEPS):
        slopes = labels.slopes(values, noise)
        factor = _factor(covariance, slopes.root)
        target = slopes.curvature @ (values - means) + slopes.gradient
        # R B^-1 R^T K target, of B = I + R^T K R.
        inner = slopes.root.T @ (covariance @ target)
        inner = solve_triangular(factor, inner, lower=True)
        inner = solve_triangular(factor, inner, lower=True, trans=1)
        step = target - slopes.root @ inner - answers
        length = 1.0
        while True:
            moved = answers + length * step
            moved_values = means + covariance @ moved
            new = _posterior(moved_values, moved, means, labels, noise)
            if new >= value - 1e-12 * abs(value) or length < 1e-6:
                break
            length *= 0.5
        distance = float(np.abs(moved_values - values).max(initial=0.0))
        answers, values, value = moved, moved_values, new
        # The error after a step is approximately the square of the step.
        if labels.is_gaussian or distance < 1e-5:
            break
    slopes = labels.slopes(values, noise)
    factor = _factor(covariance, slopes.root)
    half = solve_triangular(factor, slopes.root.T.toarray(), lower=True)
    evidence = value - float(np.log(np.diagonal(factor)).sum())
    residual = float(np.abs(slopes.gradient - answers).max(initial=0.0))
    return LaplaceFit(values, answers, half.T @ half, evidence, residual)


def _posterior(
    values: np.ndarray,
    answers: np.ndarray,
    means: np.ndarray,
    labels: LatentLabels,
    noise: np.ndarray,
) -> float:
    prior = 0.5 * float(answers @ (values - means))
    return labels.log_likelihood(values, noise) - prior


def _factor(covariance: np.ndarray, root: object) -> np.ndarray:
    """Return the Cholesky factor of `I + R^T K R`."""
    inner = root.T @ (root.T @ covariance).T  # type: ignore[attr-defined]
    inner[np.diag_indices_from(inner)] += 1.0
    return np.asarray(cholesky(inner, lower=True, overwrite_a=True))
