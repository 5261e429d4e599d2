"""Solutions by eigenvalues, where the gradients may depend on each other."""

from typing import Any

from keras import ops

from keras_mtl.weighting.solvers.pivoting import unit_diagonal

__all__ = ["kept_eigenvalues", "pseudo_solve", "unit_gramian"]


def kept_eigenvalues(matrix: Any, tolerance: float) -> tuple[Any, Any, Any]:
    """Return the eigenvalues and vectors of a symmetric matrix, and which count.

    Args:
        matrix: (T, T) positive semi-definite.
        tolerance: An eigenvalue this small, next to the largest, is rounding.

    Returns:
        (T,) eigenvalues, 1 where they don't count; (T, T) vectors as columns;
        (T,) 1 for those that count, 0 for the others.
    """
    values, vectors = ops.linalg.eigh(matrix)
    kept = ops.logical_and(values > tolerance * ops.max(values), values > 0)
    return ops.where(kept, values, 1.0), vectors, ops.cast(kept, matrix.dtype)


def pseudo_solve(matrix: Any, right: Any, tolerance: float) -> tuple[Any, Any]:
    """Return the pseudo-inverse of `matrix` times `right`, and the rank."""
    values, vectors, kept = kept_eigenvalues(matrix, tolerance)
    inner = ops.matmul(right, vectors) * kept / values
    return ops.matmul(vectors, inner), ops.sum(kept)


def unit_gramian(gramian: Any) -> tuple[Any, Any]:
    """Return the cosines between the gradients, and the gradients' norms.

    The norm of a dropped task, whose row is zero, is given as 1.
    """
    return unit_diagonal(gramian)
