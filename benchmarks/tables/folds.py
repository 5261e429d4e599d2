"""The folds of a table."""

from __future__ import annotations

import hashlib

import numpy as np

from benchmarks.tables.declaration import FOLDS, Table

__all__ = ["fold_of_rows", "folds_digest"]


def fold_of_rows(table: Table, groups: np.ndarray) -> np.ndarray:
    """Return the number of the fold that holds out each row, (N,).

    Rows of one group are held out together. The folds depend on the seed of the table
    and the groups, but not on labels.

    Args:
        table: The declaration of the table.
        groups: The group of each row, (N,).
    """
    names, indices = np.unique(groups, return_inverse=True)
    generator = np.random.default_rng([table.seed, 1])
    folds = np.arange(len(names)) % FOLDS
    return generator.permutation(folds)[indices]


def folds_digest(folds: np.ndarray) -> str:
    """Return a digest of folds, so that a test can detect a change."""
    return hashlib.blake2b(folds.astype("<i8").tobytes(), digest_size=4).hexdigest()
