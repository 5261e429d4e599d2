"""Splits of rows, stratified and with groups kept together."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from keras_mtl.errors import UserError
from keras_mtl.splits._class_coverage import ClassCoverage
from keras_mtl.splits._hold_groups import hold_groups
from keras_mtl.splits.label_strata import label_codes

__all__ = ["fold_rows", "split_rows"]

Integers = NDArray[np.int64]


def split_rows(
    strata: ArrayLike,
    *,
    test_fraction: float,
    seed: int,
    groups: ArrayLike | None = None,
    labels: Mapping[str, ArrayLike] | None = None,
) -> tuple[Integers, Integers]:
    """Split rows into two parts, stratified, with groups kept together.

    Both parts get their share of each stratum. Each class that occurs in at least two
    groups is in both parts. A class in at least three groups is in at least two groups
    of the rows that are not held out, so that these can be split again. If groups that
    share classes make that impossible, it holds for as many classes as possible. If
    this rule contradicts the fraction, the rule takes precedence.

    Args:
        strata: `(N,)` integers, from `label_strata`.
        test_fraction: The share of rows to hold out, between 0 and 1.
        seed: The seed. The same seed gives the same split.
        groups: `(N,)` integers, from `row_groups`. Defaults to `None`: each row is a
            separate group.
        labels: The labels of the tasks; see `label_strata`. Their classes are put into
            both parts even if a stratum contains several classes. Defaults to `None`:
            the strata are the classes.

    Returns:
        The indices of the rows that are not held out and of the held-out rows, both
        sorted.

    Raises:
        UserError: If the fraction isn't between 0 and 1, or if there are fewer
            than two groups.

    Example:

    >>> rest, held = split_rows([0, 0, 0, 0, 1, 1], test_fraction=0.5, seed=0)
    >>> len(rest), len(held)
    (3, 3)
    """
    if not 0 < test_fraction < 1:
        raise UserError(
            "Invalid value for argument `test_fraction`. Expected a number between "
            f"0 and 1. Received: {test_fraction}"
        )
    strata, groups = _check_rows(strata, groups, least_groups=2)
    codes = _find_codes(strata, labels)
    generator = np.random.default_rng(seed)
    coverage = ClassCoverage(codes, groups)
    target = test_fraction * len(strata)
    held = hold_groups(strata, groups, coverage, target, generator)[groups]
    return np.flatnonzero(~held), np.flatnonzero(held)


def fold_rows(
    strata: ArrayLike,
    *,
    folds: int,
    seed: int,
    groups: ArrayLike | None = None,
    labels: Mapping[str, ArrayLike] | None = None,
) -> Integers:
    """Assign each row to a fold, stratified, with groups kept together.

    The folds are split off one after another, with the same rules as in `split_rows`. A
    class that occurs in at least as many groups as there are folds is in every fold if
    possible.

    Args:
        strata: `(N,)` integers, from `label_strata`.
        folds: The number of folds, at least 2.
        seed: The seed. The same seed gives the same folds.
        groups: `(N,)` integers, from `row_groups`. Defaults to `None`: each row is a
            separate group.
        labels: The labels of the tasks; see `split_rows`.

    Returns:
        The fold of each row, integers of shape `(N,)`, from 0.

    Raises:
        UserError: If there are fewer than 2 folds, or fewer groups than folds.

    Example:

    >>> fold_rows([0, 0, 0, 1, 1, 1], folds=3, seed=0).tolist()
    [0, 2, 1, 1, 0, 2]
    """
    if folds < 2:
        raise UserError(
            "Invalid value for argument `folds`. Expected at least 2. Received: "
            f"{folds}"
        )
    strata, groups = _check_rows(strata, groups, least_groups=folds)
    codes = _find_codes(strata, labels)
    generator = np.random.default_rng(seed)
    fold = np.full(len(strata), folds - 1, np.int64)
    left = np.arange(len(strata))
    for number in range(folds - 1):
        parts = folds - number
        left_groups = pd.factorize(groups[left])[0].astype(np.int64)
        left_strata = pd.factorize(strata[left])[0].astype(np.int64)
        left_codes = [code[left] for code in codes]
        coverage = ClassCoverage(left_codes, left_groups, rest_groups=parts - 1)
        target = len(left) / parts
        held = hold_groups(left_strata, left_groups, coverage, target, generator)
        fold[left[held[left_groups]]] = number
        left = left[~held[left_groups]]
    return fold


def _find_codes(
    strata: Integers, labels: Mapping[str, ArrayLike] | None
) -> list[Integers]:
    if labels is None:
        return [strata]
    codes = label_codes(labels)
    if any(code.shape != strata.shape for code in codes):
        raise ValueError(
            "Invalid argument `labels`. Expected as many rows as strata: "
            f"{len(strata)}. Received: {[len(code) for code in codes]}"
        )
    return codes


def _check_rows(
    strata: ArrayLike, groups: ArrayLike | None, least_groups: int
) -> tuple[Integers, Integers]:
    """Check strata and groups, and number them from 0 without gaps."""
    strata = np.asarray(strata)
    groups = np.arange(len(strata)) if groups is None else np.asarray(groups)
    if strata.ndim != 1 or groups.shape != strata.shape:
        raise ValueError(
            "Expected arguments `strata` and `groups` of the same shape (N,). "
            f"Received: {strata.shape} and {groups.shape}"
        )
    group_numbers, names = pd.factorize(groups)
    if len(names) < least_groups:
        raise UserError(
            f"Expected at least {least_groups} groups of rows that may be parted. "
            f"Received: {len(strata)} rows in {len(names)} groups. Give more rows, "
            "or a group column with more values."
        )
    return (
        pd.factorize(strata)[0].astype(np.int64),
        group_numbers.astype(np.int64),
    )
