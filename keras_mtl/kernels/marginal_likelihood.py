"""The marginal likelihood of a multi-task Gaussian process, and its gradient."""

from __future__ import annotations

import numpy as np

from keras_mtl.kernels.kernel_function import KernelFunction
from keras_mtl.kernels.laplace import LaplaceFit, laplace
from keras_mtl.kernels.latent_labels import LatentLabels
from keras_mtl.kernels.process_parameters import ProcessParameters

__all__ = ["evidence_gradient", "latent_covariance", "negative_log_evidence"]


def latent_covariance(
    parameters: ProcessParameters, rows: np.ndarray, labels: LatentLabels
) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance of latent values, and the kernel of their rows.

    Args:
        parameters: The parameters of the process.
        rows: The features of all rows, (N, d).
        labels: The labels, with n latent values.

    Returns:
        Two arrays of shape (n, n).
    """
    scaled = rows[labels.rows] / parameters.lengths
    alike = KernelFunction("rbf", 1.0)(scaled, scaled)
    tasks = parameters.task_covariance[np.ix_(labels.outputs, labels.outputs)]
    return alike * tasks, alike


def negative_log_evidence(
    parameters: ProcessParameters,
    rows: np.ndarray,
    labels: LatentLabels,
    means: np.ndarray,
    start: np.ndarray | None = None,
) -> tuple[float, ProcessParameters, LaplaceFit]:
    """Compute the negative log marginal likelihood and its gradient.

    Args:
        parameters: The parameters of the process.
        rows: The features of all rows, (N, d).
        labels: The known labels.
        means: The prior mean of each output, (K,).
        start: The `answers` of a similar fit.

    Returns:
        The value, its derivatives by each parameter, and the latent values.
    """
    covariance, alike = latent_covariance(parameters, rows, labels)
    found = laplace(covariance, means[labels.outputs], labels, parameters.noise, start)
    gradient = evidence_gradient(parameters, rows, labels, covariance, alike, found)
    return -found.log_evidence, gradient, found


def evidence_gradient(
    parameters: ProcessParameters,
    rows: np.ndarray,
    labels: LatentLabels,
    covariance: np.ndarray,
    alike: np.ndarray,
    found: LaplaceFit,
) -> ProcessParameters:
    """Compute the gradient of the negative log marginal likelihood by each parameter.

    The derivatives are those of Rasmussen and Williams (2006), 5.5.1, for several
    latent values per label. They include the change of the mode with the parameters.

    Args:
        parameters: The parameters of the process.
        rows: The features of all rows, (N, d).
        labels: The known labels.
        covariance: The covariance of the latent values, (n, n).
        alike: The kernel of their rows, (n, n).
        found: The fit of the latent values.
    """
    slopes = -0.5 * np.outer(found.answers, found.answers) + 0.5 * found.precision
    if not labels.is_gaussian:
        spread = covariance - covariance @ found.precision @ covariance
        on_values = 0.5 * labels.curvature_slopes(found.values, spread)
        on_mode = on_values - found.precision @ (covariance @ on_values)
        moved = np.outer(on_mode, found.answers)
        slopes += 0.5 * (moved + moved.T)
    outputs = len(parameters.log_kappa)
    members = np.eye(outputs)[labels.outputs]
    on_tasks = members.T @ (slopes * alike) @ members
    # The noise of a label adds to its variance; classes have no noise.
    own = np.zeros(len(labels))
    for loss, here, _ in labels.parts:
        if loss == "squared":
            own[here] = np.diagonal(slopes)[here] / labels.weights[here]
    return ProcessParameters(
        2.0 * on_tasks @ parameters.loadings,
        np.diagonal(on_tasks) * np.exp(parameters.log_kappa),
        (members.T @ own) * parameters.noise,
        _on_lengths(parameters, rows[labels.rows], slopes * covariance),
    )


def _on_lengths(
    parameters: ProcessParameters, rows: np.ndarray, slopes: np.ndarray
) -> np.ndarray:
    """Return the derivatives by the logarithms of the length scales."""
    scaled = rows / parameters.lengths
    # For each feature, the sum over pairs of slope * (difference / length)^2.
    each = 2.0 * (slopes.sum(axis=1) @ scaled**2)
    each -= 2.0 * np.einsum("nd,nd->d", scaled, slopes @ scaled)
    if len(parameters.log_lengths) == 1:
        return np.array([each.sum()])
    return np.asarray(each)
