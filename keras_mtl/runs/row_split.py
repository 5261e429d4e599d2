"""Which rows of a run train and which are held out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.errors import DataWarning, UserError
from keras_mtl.splits import label_strata, row_groups, split_rows
from keras_mtl.tables.column_store import ColumnStore, Rows

__all__ = ["RowSplit", "join_test_rows", "split_frame"]


class RowSplit(NamedTuple):
    """Rows in two parts.

    Attributes:
        frame: All rows, test rows included.
        groups: Rows of one number must stay on one side of a split, (N,).
        train_rows: The positions of training rows in `frame`.
        test_rows: The positions of test rows in `frame`.
        test_numbers: The test rows' numbers in their file, from 0.
    """

    frame: Rows
    groups: np.ndarray
    train_rows: np.ndarray
    test_rows: np.ndarray
    test_numbers: np.ndarray


def split_frame(
    frame: Rows,
    labels: dict[str, np.ndarray],
    columns: Sequence[str],
    config: FitConfig,
    source: str,
) -> RowSplit:
    """Holds rows out, stratified, with what belongs together on one side.

    Args:
        frame: All rows.
        labels: By task name the encoded labels.
        columns: The feature columns, in which rows may be identical.
        config: The run's settings.
        source: What the messages call the data.

    Raises:
        UserError: When all rows belong together.
    """
    group = None if config.data.group is None else frame[config.data.group]
    groups = row_groups(frame, columns, group)
    try:
        train_rows, test_rows = split_rows(
            label_strata(labels),
            test_fraction=config.data.test_fraction,
            seed=config.seed,
            groups=groups,
            labels=labels,
        )
    except UserError as error:
        raise UserError(
            *[f"{source}: {message}" for message in error.messages]
        ) from None
    return RowSplit(frame, groups, train_rows, test_rows, test_rows)


def join_test_rows(
    frame: ColumnStore,
    test: ColumnStore,
    columns: Sequence[str],
    config: FitConfig,
    source: str,
) -> RowSplit:
    """Puts the test rows of a file of their own behind the others.

    A `DataWarning` tells how many of them are in the training data, too.

    Args:
        frame: The training rows.
        test: The test rows.
        columns: The feature columns.
        config: The run's settings.
        source: What the messages call the test data.
    """
    labels = [column for task in config.tasks for column in task.label_columns]
    group = [] if config.data.group is None else [config.data.group]
    joined = frame.join(test, dict.fromkeys([*columns, *labels, *group]))
    train_rows, test_rows = np.split(np.arange(len(joined)), [len(frame)])
    identical = row_groups(joined, columns)
    _warn_of_overlap(identical, train_rows, test_rows, "in all features", source)
    groups = identical[train_rows]
    if config.data.group is not None:
        given = pd.factorize(joined[config.data.group])[0]
        known = np.flatnonzero(given >= 0)
        what = f"in column {config.data.group!r}"
        train_known = known[known < len(frame)]
        _warn_of_overlap(given, train_known, known[known >= len(frame)], what, source)
        groups = row_groups(frame, columns, frame[config.data.group])
    return RowSplit(joined, groups, train_rows, test_rows, np.arange(len(test)))


def _warn_of_overlap(
    groups: np.ndarray,
    train_rows: np.ndarray,
    test_rows: np.ndarray,
    what: str,
    source: str,
) -> None:
    both = np.isin(groups[test_rows], groups[train_rows])
    if both.any():
        warnings.warn(
            f"{source}: {both.sum()} of {len(test_rows)} test rows are like a training "
            f"row {what}; results on them flatter the model.",
            DataWarning,
            stacklevel=3,
        )
