"""The parameters of a multi-task Gaussian process, and their bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ProcessParameters"]

# Bounds of the logarithms of the variances of standardized labels and of scores, of the
# noise of standardized labels, and of lengths relative to the initial ones.
VARIANCES = (np.log(1e-4), np.log(25.0))
NOISES = (np.log(1e-4), np.log(10.0))
LENGTHS = (np.log(1e-2), np.log(1e3))
LOADINGS = (-5.0, 5.0)


@dataclass(frozen=True)
class ProcessParameters:
    """Learned parameters of a Gaussian process of K outputs.

    The covariance of output s at row x with output t at row x' is `B[s, t] exp(-sum_d
    (x_d - x'_d)^2 / (2 lengths_d^2))`, with `B = V V^T + diag(kappa)`. Each label of
    regression t also has noise of the variance `noise[t]` (Bonilla, Chai and Williams
    2008).

    Attributes:
        loadings: V, (K, q).
        log_kappa: The logarithms of kappa, (K,).
        log_noise: The logarithms of the noise variances, (K,), which are not used for
            classes.
        log_lengths: The logarithms of the length scales: one for all features, (1,), or
            one per feature, (d,).
    """

    loadings: np.ndarray
    log_kappa: np.ndarray
    log_noise: np.ndarray
    log_lengths: np.ndarray

    @property
    def task_covariance(self) -> np.ndarray:
        """B, (K, K)."""
        own = np.diag(np.exp(self.log_kappa))
        return np.asarray(self.loadings @ self.loadings.T + own)

    @property
    def noise(self) -> np.ndarray:
        """The noise variances, (K,)."""
        return np.exp(self.log_noise)

    @property
    def lengths(self) -> np.ndarray:
        """The length scales, (1,) or (d,)."""
        return np.exp(self.log_lengths)

    def to_vector(self) -> np.ndarray:
        """Return all parameters as one vector."""
        return np.concatenate(
            [self.loadings.ravel(), self.log_kappa, self.log_noise, self.log_lengths]
        )

    def from_vector(self, vector: np.ndarray) -> ProcessParameters:
        """Return parameters of the same shapes from a vector of `to_vector`.

        Args:
            vector: The parameters.
        """
        sizes = [self.loadings.size, len(self.log_kappa), len(self.log_noise)]
        loadings, kappa, noise, lengths = np.split(vector, np.cumsum(sizes))
        return ProcessParameters(
            loadings.reshape(self.loadings.shape), kappa, noise, lengths
        )

    def bounds(self) -> list[tuple[float, float]]:
        """Return the bounds of each number of `to_vector`, for an optimizer."""
        return [
            *[LOADINGS] * self.loadings.size,
            *[VARIANCES] * len(self.log_kappa),
            *[NOISES] * len(self.log_noise),
            *[(each + LENGTHS[0], each + LENGTHS[1]) for each in self.log_lengths],
        ]
