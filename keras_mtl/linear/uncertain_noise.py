"""Uncertainty of the noise variance of regressions with few labels."""

from __future__ import annotations

__all__ = ["noise_factor"]

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
