"""The folds of a table."""

from __future__ import annotations

import hashlib

import numpy as np

from benchmarks.tables.declaration import FOLDS, Table

__all__ = ["fold_of_rows", "folds_digest"]


def fold_of_rows(table: Table, groups: np.ndarray) -> np.ndarray:
    """Return the number of the fold that holds each row out, (N,).

    Rows of one group are held out together. The folds depend on the table's
    seed and the groups, and on no label.

    Args:
        table: The table's declaration.
        groups: The group of each row, (N,).
    """
    names, indices = np.unique(groups, return_inverse=True)
    generator = np.random.default_rng([table.seed, 1])
    folds = np.arange(len(names)) % FOLDS
    return generator.permutation(folds)[indices]


def folds_digest(folds: np.ndarray) -> str:
    """Return a digest of folds, by which a test notices that they changed."""
    return hashlib.blake2b(folds.astype("<i8").tobytes(), digest_size=4).hexdigest()
