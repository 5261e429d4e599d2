"""Low-rank factors of the variance that support rows explain."""

from __future__ import annotations

import numpy as np

from keras_mtl.kernels.kernel_function import KernelFunction
from keras_mtl.kernels.process_fit import ProcessFit

__all__ = ["variance_factors"]

# Directions of the kernel with a smaller share are left out.
SMALLEST = 1e-8


def variance_factors(fit: ProcessFit, tolerances: np.ndarray) -> np.ndarray:
    """Return factors G with `|k @ G[o]|^2` near `k @ forms[o] @ k`, (K, M, R).

    In features of the support rows with a length of at most 1, the eigenvalues of a
    form are the explained variances of its directions. Eigenvalues below the tolerance
    are left out. A variance is therefore too large by at most the tolerance, and never
    too small.

    Args:
        fit: The process.
        tolerances: The largest error of the variance of each output, (K,).

    Returns:
        The factors, padded with zeros to the largest number of directions of an output.
    """
    kernel = KernelFunction("rbf", 1.0)(fit.support, fit.support)
    sizes, vectors = np.linalg.eigh(kernel)
    kept = sizes > SMALLEST * sizes.max()
    sizes, vectors = np.sqrt(sizes[kept]), vectors[:, kept]
    found = []
    for form, tolerance in zip(fit.forms, tolerances, strict=True):
        inner = vectors.T @ form @ vectors * np.outer(sizes, sizes)
        explained, directions = np.linalg.eigh(inner)
        here = explained > tolerance
        back = vectors / sizes @ directions[:, here]
        found.append(back * np.sqrt(explained[here]))
    most = max(1, *[each.shape[1] for each in found])
    return np.stack(
        [np.pad(each, ((0, 0), (0, most - each.shape[1]))) for each in found]
    )
