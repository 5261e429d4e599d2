"""Features of rows whose inner products are the values of a kernel."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from keras_mtl._core.errors import UserError
from keras_mtl.kernels.kernel_function import KernelFunction

__all__ = ["KernelBasis", "kernel_basis", "support_count"]

# Without a rank, all rows are support rows up to this number.
EXACT_ROWS = 5000
# The number of support rows for more rows, without a rank.
DEFAULT_RANK = 1000
# Directions with a smaller share of the kernel are rounding errors.
SMALLEST = 1e-12
CHUNK = 4096


@dataclass(frozen=True)
class KernelBasis:
    """Features `k(x, support) projection - offset` of rows x.

    The inner products of features are the kernel's values of centered rows. They are
    exact if all rows are support rows, and otherwise the Nystroem approximation.

    Attributes:
        kernel: The kernel.
        support: The support rows, (M, d).
        projection: The matrix from kernel values to features, (M, r).
        offset: The offset that centers the features, (r,).
        features: The features of the training rows, (N, r).
    """

    kernel: KernelFunction
    support: np.ndarray
    projection: np.ndarray
    offset: np.ndarray
    features: np.ndarray

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Return the features of rows, (N, r)."""
        return self.kernel(rows, self.support) @ self.projection - self.offset


def support_count(rows: int, rank: int | None, model: str = "kernel") -> int:
    """Return the number of support rows.

    Args:
        rows: The number of training rows.
        rank: The requested number; None for all rows if there are at most 5,000, and
            1,000 otherwise.
        model: The name of the model in errors.

    Raises:
        UserError: If the kernel's values do not fit in memory.
    """
    count = rows if rank is None and rows <= EXACT_ROWS else rank or DEFAULT_RANK
    count = min(count, rows)
    # Memory for the kernel's values, their eigenvectors and one copy.
    needed = 8 * 3 * rows * count
    available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > 0.8 * available:
        fitting = max(1, int(0.4 * available / (24 * rows)))
        raise UserError(
            f"{model}: expected {rows} rows and {count} support rows to fit in memory, "
            f"of {available / 1e9:.1f} GB; received {needed / 1e9:.1f} GB of kernel "
            f"values. Ask for fewer support rows with the Nystroem rank, such as "
            f"rank={fitting}."
        )
    return count


def kernel_basis(
    kernel: KernelFunction,
    rows: np.ndarray,
    count: int,
    seed: int = 0,
    center: bool = True,
    smallest: float = SMALLEST,
) -> KernelBasis:
    """Compute features of rows by a kernel.

    Args:
        kernel: The kernel.
        rows: The training rows, (N, d).
        count: The number of support rows; if it is less than N, they are drawn at
            random.
        seed: The seed of the draw.
        center: Whether the features have a mean of zero, so that they are not
            confounded with an intercept.
        smallest: The share of the kernel below which a direction is dropped.

    Example:

    >>> rows = np.random.default_rng(0).normal(size=(9, 2))
    >>> basis = kernel_basis(KernelFunction("rbf"), rows, 9, center=False)
    >>> np.allclose(basis(rows) @ basis(rows).T, KernelFunction("rbf")(rows, rows))
    True
    """
    if count >= len(rows):
        values = kernel(rows, rows)
        means = values.mean(axis=0) if center else np.zeros(len(rows))
        if center:
            values -= means
            values -= values.mean(axis=1, keepdims=True)
        sizes, vectors = _eigen(values, smallest)
        projection = vectors / np.sqrt(sizes)
        features = vectors * np.sqrt(sizes)
        return KernelBasis(kernel, rows, projection, means @ projection, features)
    picked = np.sort(np.random.default_rng(seed).choice(len(rows), count, False))
    support = rows[picked]
    sizes, vectors = _eigen(kernel(support, support), smallest)
    projection = vectors / np.sqrt(sizes)
    features = np.concatenate(
        [
            kernel(rows[first : first + CHUNK], support) @ projection
            for first in range(0, len(rows), CHUNK)
        ]
    )
    offset = features.mean(axis=0) if center else np.zeros(features.shape[1])
    features -= offset
    # The solver is fast because the features are uncorrelated.
    _, vectors = _eigen(features.T @ features, SMALLEST)
    return KernelBasis(
        kernel, support, projection @ vectors, offset @ vectors, features @ vectors
    )


def _eigen(matrix: np.ndarray, smallest: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues that are not rounding errors, and their eigenvectors."""
    sizes, vectors = np.linalg.eigh(matrix)
    kept = sizes > smallest * max(float(sizes.max(initial=0.0)), 1e-300)
    return sizes[kept], vectors[:, kept]
