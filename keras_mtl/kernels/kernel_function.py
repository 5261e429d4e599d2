"""Kernels of pairs of rows, and a length scale from the distances of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial.distance import cdist, pdist

__all__ = ["KernelFunction", "KernelKind", "median_distance"]

KernelKind = Literal["linear", "rbf"]
# The number of sampled rows for the median distance.
SAMPLED_ROWS = 1000


@dataclass(frozen=True)
class KernelFunction:
    """Kernel function of two rows.

    Args:
        kind: `"linear"`, `<x, x'>`; or `"rbf"`, `exp(-||x - x'||^2 / (2
            length_scale^2))`.
        length_scale: The distance at which an RBF kernel has the value 0.61. A linear
            kernel ignores it.

    Example:

    >>> rows = np.array([[0.0], [2.0]])
    >>> KernelFunction("rbf", length_scale=2.0)(rows, rows).round(2)
    array([[1.  , 0.61],
           [0.61, 1.  ]])
    """

    kind: KernelKind = "rbf"
    length_scale: float = 1.0

    def __call__(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the kernel of each row with each of the other rows, (N, M).

        Args:
            rows: The rows, (N, d).
            others: The other rows, (M, d).
        """
        if self.kind == "linear":
            return np.asarray(rows @ others.T)
        squares = cdist(rows, others, "sqeuclidean")
        squares *= -0.5 / self.length_scale**2
        return np.exp(squares, out=squares)


def median_distance(rows: np.ndarray, seed: int = 0) -> float:
    """Return the median distance between different rows; 1 if all rows are equal.

    Args:
        rows: The rows, (N, d). For more than 1,000 rows, a sample of 1,000 is used.
        seed: The seed of the sample.

    Example:

    >>> median_distance(np.array([[0.0], [1.0], [3.0]]))
    2.0
    """
    if len(rows) > SAMPLED_ROWS:
        picked = np.random.default_rng(seed).choice(len(rows), SAMPLED_ROWS, False)
        rows = rows[picked]
    distances = pdist(rows)
    distances = distances[distances > 0]
    return float(np.median(distances)) if len(distances) else 1.0
