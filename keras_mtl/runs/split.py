"""Splits of a run: test rows, and the validation rows of each member."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.errors import DataWarning, UserError, warn_of_data
from keras_mtl.splits import fold_rows, label_strata, row_groups, split_rows
from keras_mtl.tables.column_store import ColumnStore, Rows
from keras_mtl.tables.repeated_records import repeated_records
from keras_mtl.tasks import Task
from keras_mtl.training.settings import TrainingSettings

__all__ = [
    "MemberRows",
    "RowSplit",
    "join_test_rows",
    "member_rows",
    "require_classes",
    "split_frame",
    "train_on_all_rows",
]

# The largest share of the rows in a group of found runs and their copies.
LARGEST_GROUP = 0.05


class RowSplit(NamedTuple):
    """A split into training rows and test rows.

    Attributes:
        frame: All rows, test rows included.
        groups: The group number of each row, or of each training row if the test rows
            have a separate file. A group stays on one side of a split.
        train_rows: The positions of training rows in `frame`.
        test_rows: The positions of test rows in `frame`.
        test_numbers: The numbers of the test rows in their file, from 0.
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
    """Hold test rows out, stratified by labels and with groups kept together.

    Args:
        frame: All rows.
        labels: The encoded labels by task name.
        columns: The feature columns, in which rows may be identical.
        config: The run's settings.
        source: The name of the data in messages.

    Raises:
        UserError: If all rows belong to one group.
    """
    groups = _find_groups(frame, columns, config, source)
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


def train_on_all_rows(
    frame: Rows, columns: Sequence[str], config: FitConfig, source: str
) -> RowSplit:
    """Make all rows training rows, for a caller that holds rows out itself.

    Args:
        frame: All rows.
        columns: The feature columns, in which rows may be identical.
        config: The run's settings.
        source: The name of the data in messages.
    """
    none = np.empty(0, "int64")
    groups = _find_groups(frame, columns, config, source)
    return RowSplit(frame, groups, np.arange(len(frame)), none, none)


def join_test_rows(
    frame: ColumnStore,
    test: ColumnStore,
    columns: Sequence[str],
    config: FitConfig,
    source: str,
    test_source: str,
) -> RowSplit:
    """Append the test rows of a separate file to the training rows.

    A `DataWarning` reports how many test rows are also training rows.

    Args:
        frame: The training rows.
        test: The test rows.
        columns: The feature columns.
        config: The run's settings.
        source: The name of the training data in messages.
        test_source: The name of the test data in messages.
    """
    labels = [column for task in config.tasks for column in task.label_columns]
    group = [] if config.data.group is None else [config.data.group]
    joined = frame.join(test, dict.fromkeys([*columns, *labels, *group]))
    train_rows, test_rows = np.split(np.arange(len(joined)), [len(frame)])
    identical = row_groups(joined, columns)
    _warn_of_overlap(identical, train_rows, test_rows, "in all features", test_source)
    if config.data.group is not None:
        given = pd.factorize(joined[config.data.group])[0]
        known = np.flatnonzero(given >= 0)
        what = f"in column {config.data.group!r}"
        train_known = known[known < len(frame)]
        _warn_of_overlap(
            given, train_known, known[known >= len(frame)], what, test_source
        )
    groups = _find_groups(frame, columns, config, source)
    return RowSplit(joined, groups, train_rows, test_rows, np.arange(len(test)))


def _find_groups(
    frame: Rows, columns: Sequence[str], config: FitConfig, source: str
) -> np.ndarray:
    """Number the groups of rows that stay on one side of every split, (N,).

    A group has the rows of one value of the column `data.group`. Without that column, a
    group is a run of rows that look like records of one person. Rows that are identical
    in all features are also in one group.
    """
    if config.data.group is not None:
        return row_groups(frame, columns, frame[config.data.group])
    identical = row_groups(frame, columns)
    found = repeated_records(frame, columns) if config.data.detect_groups else None
    if found is None:
        return identical
    runs = found.number_runs(frame)
    warn_of_data(
        f"{source}: rows look like records of one person or thing. "
        f"{found.neighbors:.0%} of the rows have {found.shared} or more of "
        f"{len(found.columns)} features in common with the row before; of random pairs "
        f"of rows, {found.at_random:.0%} have. The {runs[-1] + 1} runs of such rows "
        "each stay on one side of every split. Name the column that identifies the "
        "person (--group COLUMN), or split row by row (--no-detect-groups)."
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        joined = row_groups(frame, columns, runs)
    # With few features, people who are equal by chance would make one large group.
    largest = max(np.bincount(runs).max(), LARGEST_GROUP * len(runs))
    return joined if np.bincount(joined).max() <= largest else runs


def _warn_of_overlap(
    groups: np.ndarray,
    train_rows: np.ndarray,
    test_rows: np.ndarray,
    what: str,
    source: str,
) -> None:
    both = np.isin(groups[test_rows], groups[train_rows])
    if both.any():
        warn_of_data(
            f"{source}: {both.sum()} of {len(test_rows)} test rows are like a training "
            f"row {what}; results on them flatter the model."
        )


class MemberRows(NamedTuple):
    """The rows of each member.

    Attributes:
        train: The positions of each member's training rows.
        validation: The positions of each member's validation rows, or None.
    """

    train: list[np.ndarray]
    validation: list[np.ndarray] | None


def member_rows(
    rows: np.ndarray,
    labels: dict[str, np.ndarray],
    groups: np.ndarray,
    settings: TrainingSettings,
    seed: int,
) -> MemberRows:
    """Choose the validation rows of each member.

    The rows are split into folds, and each member leaves out another fold. After all
    folds were used, the rows are split again with another seed. The members together
    therefore train on all rows.

    Args:
        rows: The positions of all training rows.
        labels: The labels of all rows of the data by task name.
        groups: The groups of all rows of the data, from `row_groups`.
        settings: The settings, with the number of members and the share of validation
            rows.
        seed: The seed of the folds.

    Returns:
        The rows of each member.
    """
    if not settings.validation_fraction:
        return MemberRows([rows] * settings.members, None)
    # Few groups of rows, for example of patients, make few folds.
    most = len(np.unique(groups[rows]))
    folds = min(max(2, round(1 / settings.validation_fraction)), most)
    here = {name: values[rows] for name, values in labels.items()}
    strata = label_strata(here)
    train, validation = [], []
    for member in range(settings.members):
        turn, fold = divmod(member, folds)
        if fold == 0:
            parts = fold_rows(
                strata,
                folds=folds,
                seed=int(np.random.default_rng((seed, turn)).integers(2**31)),
                groups=groups[rows],
                labels=here,
            )
        train.append(rows[parts != fold])
        validation.append(rows[parts == fold])
    return MemberRows(train, validation)


def require_classes(
    tasks: Sequence[Task],
    labels: Mapping[str, np.ndarray],
    split: RowSplit,
    source: str,
    test_source: str,
) -> None:
    """Check that training rows have every class, and warn if test rows do not.

    Groups or identical rows may keep all rows of a class on one side.

    Args:
        tasks: The tasks.
        labels: The encoded labels of all rows by task name.
        split: The split.
        source: The name of the training data in messages.
        test_source: The name of the test data in messages.

    Raises:
        UserError: With one message per class that no training row has. A `DataWarning`
            reports classes that no test row has.
    """
    errors = []
    for task in tasks:
        for column, word, has in task.label_groups(labels[task.name]):
            what = f"with class {word!r}" if word else "with a label"
            where = f"{source}, column {column!r}"
            if not has[split.train_rows].any():
                errors.append(
                    f"{where}: task {task.name!r} expects training rows {what}. "
                    "Received: none, as all such rows belong together and are held "
                    "out. Group by another column, or hold out other rows (--seed, "
                    "--test-data)."
                )
            elif not has[split.test_rows].any():
                warn_of_data(
                    f"{test_source}, column {column!r}: task {task.name!r} has no "
                    f"held-out row {what}; metrics that need one are left out."
                )
    if errors:
        raise UserError(*errors)
