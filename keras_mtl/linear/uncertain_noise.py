"""Uncertainty of the noise variance of regressions with few labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from keras_mtl.linear.posterior import (
    HeadPosterior,
    LabeledRows,
    likelihood_derivatives,
)

__all__ = ["noise_factor", "with_uncertain_noise"]

# Student's t with 2 degrees of freedom has no variance.
LEAST_FREEDOM = 3.0


def noise_factor(labels: float, determined: float) -> float:
    """Return the factor of a predicted label's variance for uncertain noise.

    If the noise variance is estimated with n degrees of freedom, labels have Student's
    t distribution with n degrees of freedom around their prediction. Its variance is n
    / (n - 2) times the variance of the Gaussian (Gelman et al. 2013, section 14.2). The
    degrees of freedom are the number of labels minus the number of parameters that they
    determine (MacKay 1992), and at least three.

    Args:
        labels: The number of labels.
        determined: The effective number of parameters that they determine.

    Example:

    >>> noise_factor(14, 4), round(noise_factor(1004, 4), 3)
    (1.25, 1.002)
    """
    freedom = max(labels - determined, LEAST_FREEDOM)
    return freedom / (freedom - 2.0)


def with_uncertain_noise(task: LabeledRows, posterior: HeadPosterior) -> HeadPosterior:
    """Return the posterior of a task with what its uncertain noise adds.

    The covariance and the noise of a regression are multiplied by `noise_factor`. The
    posterior of classes is returned unchanged.

    Args:
        task: The labeled rows of the task.
        posterior: The posterior given the noise.
    """
    if task.likelihood != "regression":
        return posterior
    _, curvature = likelihood_derivatives(task, posterior.mean, posterior.noise)
    determined = float(np.sum(posterior.covariance * curvature))
    factor = noise_factor(task.total, determined)
    return replace(
        posterior,
        covariance=posterior.covariance * factor,
        noise=posterior.noise * factor,
    )
