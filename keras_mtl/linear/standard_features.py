"""Standardized features, for penalties and priors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["StandardFeatures", "standardize"]


@dataclass(frozen=True)
class StandardFeatures:
    """Standardized features, with their original means and scales.

    Attributes:
        values: The standardized features, (N, d).
        means: The features' means, (d,).
        scales: The features' standard deviations, (d,); 1 for a constant feature.
    """

    values: np.ndarray
    means: np.ndarray
    scales: np.ndarray

    @property
    def rank(self) -> int:
        """The number of linearly independent features."""
        sizes = np.linalg.eigvalsh(self.values.T @ self.values)
        return int((sizes > 1e-9 * sizes.max(initial=0.0)).sum())


def standardize(features: np.ndarray) -> StandardFeatures:
    """Standardize features.

    Args:
        features: The features, (N, d), without missing values.

    Example:

    >>> standardize(np.array([[1.0, 5.0], [3.0, 5.0]])).values
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    standard = np.array(features, "float64")
    means = standard.mean(axis=0)
    standard -= means
    scales = np.sqrt(np.einsum("nd,nd->d", standard, standard) / max(len(standard), 1))
    # The rounding errors of a constant are not a signal.
    constant = scales <= 1e-7 * np.maximum(1.0, np.abs(means))
    standard[:, constant] = 0.0
    scales = np.where(constant, 1.0, scales)
    standard /= scales
    return StandardFeatures(standard, means, scales)
