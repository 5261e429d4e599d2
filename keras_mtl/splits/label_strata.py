"""Strata of the combinations of all labels."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = ["label_codes", "label_strata"]

SMALLEST_STRATUM = 10
MOST_CLASSES = 256


def label_strata(labels: Mapping[str, ArrayLike]) -> NDArray[np.int64]:
    """Number the combinations of labels, for a stratified split.

    A missing label counts as a value. Continuous labels (with fractions, or with more
    than 256 distinct values) are replaced by their quartile. Combinations with fewer
    than 10 rows are merged: tasks are ordered by their rarest class, rarest first, and
    the last tasks of a rare combination are ignored one after another until it has
    enough rows.

    Args:
        labels: The labels of each task, of shape `(N,)`, or `(N, L)` for a multilabel
            task. A missing label is NaN or, among integers, -1.

    Returns:
        The stratum of each row, integers of shape `(N,)`, from 0.

    Example:

    >>> heart = np.repeat([0, 1], 20)
    >>> thal = np.tile([0.0, np.nan], 20)
    >>> np.bincount(label_strata({"heart": heart, "thal": thal}))
    array([10, 10, 10, 10])
    """
    codes = label_codes(labels)
    codes.sort(key=_rarest)
    if not codes:
        raise ValueError(
            "Invalid argument `labels`. Expected the labels of at least one task. "
            "Received: none"
        )
    prefixes = [pd.factorize(codes[0])[0]]
    for code in codes[1:]:
        width = int(code.max(initial=0)) + 2
        combined = pd.factorize(prefixes[-1] * width + code)[0]
        if np.bincount(combined, minlength=1).max() < SMALLEST_STRATUM:
            break
        prefixes.append(combined)
    return _merge(prefixes)


def label_codes(labels: Mapping[str, ArrayLike]) -> list[NDArray[np.int64]]:
    """Number each task's classes, or the quartiles of a continuous label.

    Args:
        labels: See `label_strata`.

    Returns:
        One array `(N,)` per task, and several for a multi-label task; -1 where the
        label is missing.
    """
    columns: dict[str, NDArray[Any]] = {}
    for name, values in labels.items():
        array = np.asarray(values)
        if array.ndim not in (1, 2) or array.dtype.kind not in "biuf":
            raise ValueError(
                f"Invalid labels of task {name!r}. Expected numbers of shape (N,) or "
                f"(N, L). Received: {array.dtype} of shape {array.shape}"
            )
        for index, column in enumerate(array.reshape(len(array), -1).T):
            columns[f"{name}[{index}]"] = column
    if len({len(column) for column in columns.values()}) > 1:
        raise ValueError(
            "Invalid argument `labels`. Expected as many rows for each task. "
            f"Received: { {name: len(column) for name, column in columns.items()} }"
        )
    return [_discretise(column) for column in columns.values()]


def _discretise(values: NDArray[Any]) -> NDArray[np.int64]:
    missing = values == -1 if values.dtype.kind == "i" else np.isnan(values)
    known = values[~missing].astype(float)
    codes = np.full(len(values), -1, np.int64)
    classes, inverse = np.unique(known, return_inverse=True)
    if len(classes) > MOST_CLASSES or np.any(classes != np.floor(classes)):
        edges = np.quantile(known, [0.25, 0.5, 0.75])
        inverse = np.searchsorted(edges, known, side="right")
    codes[~missing] = inverse
    return codes


def _rarest(code: NDArray[np.int64]) -> int:
    """Count the rows of the rarest class, where missing is also a class."""
    counts = np.bincount(code + 1)
    return int(counts[counts > 0].min(initial=len(code)))


def _merge(prefixes: list[NDArray[Any]]) -> NDArray[np.int64]:
    """Assign each row to the longest combination that has enough rows."""
    strata = np.full(len(prefixes[0]), -1, np.int64)
    strata_count = 0
    for prefix in reversed(prefixes):
        left = np.flatnonzero(strata < 0)
        frequent = np.bincount(prefix[left], minlength=1)[prefix[left]]
        chosen = left[frequent >= SMALLEST_STRATUM]
        numbers, names = pd.factorize(prefix[chosen])
        strata[chosen] = strata_count + numbers
        strata_count += len(names)
    strata[strata < 0] = strata_count
    return strata
