"""Matrices of the similarity of tasks: B in the kernel `k(x, x') B[s, t]`."""

from __future__ import annotations

import numpy as np

__all__ = ["check_task_covariance", "covariance_root", "shared_covariance"]


def shared_covariance(outputs: int, sharing: float) -> np.ndarray:
    """Return the matrix B for outputs that are all equally similar.

    The diagonal is 1, and the other entries are `sharing`. Up to a factor this is the
    mean-regularized form `1 / mu + [s = t]` of Evgeniou and Pontil (2004), with `1 / mu
    = sharing / (1 - sharing)`.

    Args:
        outputs: The number of outputs.
        sharing: The similarity: from 0, independent outputs, to 1, one pooled function.

    Example:

    >>> shared_covariance(2, 0.9)
    array([[1. , 0.9],
           [0.9, 1. ]])
    """
    return np.full((outputs, outputs), sharing) + (1.0 - sharing) * np.eye(outputs)


def covariance_root(covariance: np.ndarray) -> np.ndarray:
    """Return a matrix R with `R^T R` equal to a covariance, (q, K).

    Args:
        covariance: The covariance, symmetric and positive semidefinite, (K, K), of rank
            q.

    Example:

    >>> covariance_root(np.ones((2, 2))).shape
    (1, 2)
    """
    sizes, vectors = np.linalg.eigh(covariance)
    kept = sizes > 1e-12 * sizes.max()
    return np.sqrt(sizes[kept])[:, None] * vectors[:, kept].T


def check_task_covariance(covariance: object, outputs: int) -> np.ndarray:
    """Convert a given B to an array, and check it.

    Args:
        covariance: The value of B.
        outputs: The number of outputs, K.

    Raises:
        ValueError: If B is not symmetric, positive semidefinite and (K, K).
    """
    matrix = np.asarray(covariance, "float64")
    wrong = None
    if matrix.shape != (outputs, outputs):
        wrong = f"shape {matrix.shape}"
    elif not np.isfinite(matrix).all():
        wrong = "numbers that are missing or infinite"
    elif not np.allclose(matrix, matrix.T):
        wrong = "a matrix that is not symmetric"
    else:
        sizes = np.linalg.eigvalsh(matrix)
        if sizes.max() <= 0 or sizes.min() < -1e-9 * sizes.max():
            wrong = f"eigenvalues from {sizes.min():.3g} to {sizes.max():.3g}"
    if wrong:
        raise ValueError(
            "Invalid value received for argument `task_covariance`. Expected a "
            "symmetric matrix of shape (outputs, outputs), "
            f"({outputs}, {outputs}), without negative eigenvalues. Received: {wrong}"
        )
    return matrix
