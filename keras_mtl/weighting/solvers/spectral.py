"""Solutions by eigenvalues, for gradients that may be linearly dependent."""

from typing import Any

from keras import ops

from keras_mtl.weighting.solvers.pivoting import unit_diagonal

__all__ = ["kept_eigenvalues", "pseudo_solve", "unit_gramian"]


def kept_eigenvalues(matrix: Any, tolerance: float) -> tuple[Any, Any, Any]:
    """Return eigenvalues and eigenvectors of a symmetric matrix, and which are not 0.

    Args:
        matrix: A positive semidefinite matrix, (T, T).
        tolerance: The relative size below which an eigenvalue counts as 0.

    Returns:
        The eigenvalues, (T,), with 1 in place of 0; the eigenvectors as columns, (T,
        T); and 1 for nonzero eigenvalues, 0 for the others, (T,).
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

    The returned norm of a dropped task, whose row is zero, is 1.
    """
    return unit_diagonal(gramian)
