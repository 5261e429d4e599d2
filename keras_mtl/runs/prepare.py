"""Preparation of a run: checked rows, resolved tasks and a split."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.architectures.solved import solved_settings
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.source_run import SourceRun, read_source_run
from keras_mtl.configuration.table_rule import apply_rule, rule_sentence
from keras_mtl.configuration.validate import build_config
from keras_mtl.datasets import heart_disease_path
from keras_mtl.engine.shared_arrays import aligned_array
from keras_mtl.errors import DataWarning, UserError, gather
from keras_mtl.features import Feature
from keras_mtl.runs.auxiliary import add_auxiliary, compute_columns, find_copies
from keras_mtl.runs.features import choose_features
from keras_mtl.runs.known_features import known_features
from keras_mtl.runs.memory_tables import MemoryTables, read_table
from keras_mtl.runs.missing_codes import (
    find_missing_codes,
    warn_of_missing_codes,
)
from keras_mtl.runs.prepared_data import PreparedData, main_strata
from keras_mtl.runs.split import (
    join_test_rows,
    member_rows,
    require_classes,
    split_frame,
    train_on_all_rows,
)
from keras_mtl.runs.split_checks import (
    require_groups,
    require_validation_labels,
    require_weighed_classes,
)
from keras_mtl.tables import describe_cells, rare_classes, require_columns
from keras_mtl.tables.column_store import ColumnStore, Rows
from keras_mtl.tasks import Task

__all__ = ["number_columns", "prepare_data", "word_columns"]

# A class needs one row each for training, validation and test.
ROWS_A_CLASS = 3


def prepare_data(
    config: FitConfig,
    table: ColumnStore | None = None,
    tables: MemoryTables | None = None,
) -> PreparedData:
    """Read and check the data of a run, and split its rows.

    This module does not need TensorFlow, so that errors in the data are reported before
    TensorFlow is imported.

    Args:
        config: The run's settings.
        table: Rows in memory. All of them are training rows, and no row is held out for
            the test; `config.data.path` is their name in messages.
        tables: DataFrames in place of the files of `config.data`. Rows are held out as
            for files.

    Returns:
        The rows, tasks and features of the run.

    Raises:
        UserError: With all errors at once.
    """
    source = config.data.path or heart_disease_path().name
    path = config.data.path or str(heart_disease_path())
    run = source_data = None
    declared = config.features
    if config.transfer.run is not None:
        run = read_source_run(config.transfer.run)
        declared = run.features
    words = word_columns(config.tasks, declared)
    inputs = config.inputs
    words |= {*inputs.categorical, *inputs.boolean, *inputs.date}
    numbers = {*config.inputs.numeric, *number_columns(config.tasks, declared)}
    if config.data.sample_weight is not None:
        numbers.add(config.data.sample_weight)
    given = tables or MemoryTables(None)
    frame = table
    if frame is None:
        frame = read_table(path, given.rows, words, config.data, numbers)
    errors: list[str] = []
    unread, config = config, apply_rule(config, len(frame))
    chosen = rule_sentence(unread, config, len(frame))
    config = add_auxiliary(frame, config, source, errors)
    _mask_labels(frame, config)
    if run is None:
        features = choose_features(frame, config, source, errors)
        codes = find_missing_codes(frame, features, config)
        warn_of_missing_codes(codes, source)
    else:
        # The numbers that mean missing are known from the run.
        codes = ()
        features = known_features(frame, config, run, source, errors)
        with gather(errors):
            source_data = _prepare_source(config, run)
    config = add_auxiliary(frame, config, source, errors, features)
    tasks = _resolve(config.tasks, frame, source, errors)
    if not errors:
        errors += find_copies(frame, config, tasks, features, source)
    sample_weight = _sample_weight(frame, config, source, errors)
    if len(tasks) == len(config.tasks):
        solved = solved_settings(config.model.architecture, config.model)
        errors += [] if solved is None else solved.check_resolved_tasks(tasks)
    test = None
    if config.data.test_path is not None:
        test = _read_test(config, given.test_rows, tasks, features, errors)
    elif table is None and not errors:
        for task in tasks:
            # An auxiliary task is not evaluated, so it may lack a class.
            errors += [] if task.auxiliary else _rare(task, frame, source)
    if errors:
        raise UserError(*errors)

    config = _with_columns(config.replace(tasks=tasks, features=features))
    columns = [feature.column_name for feature in features]
    test_source = config.data.test_path or source
    if table is not None:
        labels = _encode(tasks, frame)
        split = train_on_all_rows(frame, columns, config, source)
    elif test is None:
        labels = _encode(tasks, frame)
        split = split_frame(frame, main_strata(tasks, labels), columns, config, source)
    else:
        split = join_test_rows(frame, test, columns, config, source, test_source)
        labels = _encode(tasks, split.frame)
    judged = [task for task in tasks if not task.auxiliary]
    if table is None:
        require_classes(judged, labels, split, source, test_source)
    require_weighed_classes(tasks, labels, config, split)
    if sample_weight is not None and test is not None:
        # Test rows do not influence training.
        sample_weight = np.append(sample_weight, np.ones(len(test), "float32"))
    require_groups(config, split, source)
    members = member_rows(
        split.train_rows,
        main_strata(tasks, labels),
        split.groups,
        config.training,
        config.seed,
    )
    if solved_settings(config.model.architecture, config.model) is None:
        require_validation_labels(tasks, labels, members, config.training, source)
    return PreparedData(
        config,
        labels,
        split,
        members,
        source,
        sample_weight,
        run,
        source_data,
        codes,
        chosen,
        in_memory=tables is not None,
    )


def _prepare_source(config: FitConfig, run: SourceRun) -> PreparedData | None:
    """Prepare the rows of the run whose trunk is used, if they are needed.

    Raises:
        UserError: If the rows cannot be read.
    """
    if config.transfer.head != "bayesian":
        return None
    try:
        with warnings.catch_warnings():
            # The fit of that run has already shown the warnings.
            warnings.simplefilter("ignore", DataWarning)
            return prepare_data(build_config(run.settings))
    except UserError as error:
        raise UserError(
            *(
                f"transfer.head: the Bayesian head learns from the rows of "
                f"{run.folder}, which cannot be read. {message}"
                for message in error.messages
            )
        ) from None


def _sample_weight(
    frame: ColumnStore, config: FitConfig, source: str, errors: list[str]
) -> np.ndarray | None:
    """Return the column of sample weights, checked to be 0 or more."""
    column = config.data.sample_weight
    if column is None or column not in frame:
        return None  # A column that is absent is reported with the features.
    values = frame[column]
    weights = pd.to_numeric(values, errors="coerce").to_numpy("float64")
    wrong = ~np.isfinite(weights) | (weights < 0)
    if wrong.any():
        errors.append(
            f"{source}, column {column!r}: expected sample weights, a number of 0 or "
            f"more in each row. Received: {describe_cells(frame, values[wrong])}. "
            "Correct these cells, or leave the rows out."
        )
    elif not weights.any():
        errors.append(
            f"{source}, column {column!r}: expected a sample weight above 0. Received: "
            "0 in each row."
        )
    return weights.astype("float32")


def _missing_labels(config: FitConfig) -> dict[str, tuple[float, ...]]:
    """Return the numbers that mean missing in label columns, by column."""
    labels = {column for task in config.tasks for column in task.label_columns}
    missing = config.inputs.missing_values
    return {column: missing[column] for column in missing if column in labels}


def _mask_labels(frame: ColumnStore, config: FitConfig) -> None:
    for column, numbers in _missing_labels(config).items():
        if column in frame:
            values = pd.to_numeric(frame[column], errors="coerce")
            frame.mask(column, values.isin(numbers).to_numpy())


def _encode(tasks: Sequence[Task], frame: Rows) -> dict[str, np.ndarray]:
    labels = {}
    for task in tasks:
        encoded = task.encode_labels(frame)
        # Training uses these arrays without a copy.
        labels[task.name] = aligned_array(encoded.shape)
        labels[task.name][:] = encoded
    return labels


def _resolve(
    tasks: Sequence[Task], frame: Rows, source: str, errors: list[str]
) -> tuple[Task, ...]:
    resolved = []
    for task in tasks:
        with gather(errors):
            resolved.append(task.resolve(frame, source))
    return tuple(resolved)


def _rare(task: Task, frame: Rows, source: str) -> list[str]:
    return [
        message
        for column, names in task.class_labels(frame).items()
        for message in rare_classes(
            names.rename(column), minimum=ROWS_A_CLASS, source=source
        )
    ]


def _read_test(
    config: FitConfig,
    table: Any,
    tasks: Sequence[Task],
    features: Sequence[Feature],
    errors: list[str],
) -> ColumnStore | None:
    """Read the test rows, and check them against the training rows."""
    source = str(config.data.test_path)
    words = word_columns(config.tasks, features)
    test = None
    with gather(errors):
        numbers = number_columns(config.tasks, features)
        test = read_table(source, table, words, config.data, numbers)
    if test is None:
        return None
    with gather(errors):
        compute_columns(test, config, config.data.computed, source, lenient=True)
    _mask_labels(test, config)
    columns = [feature.column_name for feature in features]
    # An auxiliary task is not evaluated, so its columns may be absent.
    columns += [
        column
        for task in config.tasks
        for column in task.label_columns
        if not task.auxiliary
    ]
    errors += require_columns(test, columns, "as in the training data", source)
    for feature in features:
        if feature.column_name in test:
            errors += feature.check_values(test, source)
    if not errors:
        for task in tasks:
            if all(column in test for column in task.label_columns):
                errors += task.check_labels(test, source)
    return test


def _with_columns(config: FitConfig) -> FitConfig:
    """Return the settings with all values that were inferred from the data."""
    inputs = config.inputs.replace(
        columns=tuple(feature.column_name for feature in config.features),
        drop=(),
        numeric=(),
        boolean=(),
        date=(),
        categorical=(),
        missing_values=_missing_labels(config),
    )
    # The declarations of auxiliary tasks are now tasks and computed columns.
    return config.replace(inputs=inputs, auxiliary=())


def word_columns(tasks: Iterable[Task], features: Iterable[Feature]) -> set[str]:
    """Return the columns that are read as text: of labels and of features in text."""
    labels = {column for task in tasks for column in task.word_columns}
    return labels | {
        feature.column_name for feature in features if feature.dtype == "string"
    }


def number_columns(tasks: Iterable[Task], features: Iterable[Feature]) -> set[str]:
    """Return the columns that are read as numbers: of features and of labels."""
    labels = {
        column
        for task in tasks
        for column in task.label_columns
        if column not in task.word_columns
    }
    return labels | {
        feature.column_name for feature in features if feature.dtype == "float32"
    }
