"""From settings to checked rows, resolved tasks and a split."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from keras_mtl.architectures.solved import solved_settings
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.source_run import SourceRun, read_source_run
from keras_mtl.configuration.validate import build_config
from keras_mtl.datasets import heart_disease_path
from keras_mtl.engine.shared_arrays import aligned_array
from keras_mtl.errors import DataWarning, UserError, gather
from keras_mtl.features import Feature
from keras_mtl.runs.auxiliary import add_auxiliary, compute_columns, find_copies
from keras_mtl.runs.features import choose_features
from keras_mtl.runs.known_features import known_features
from keras_mtl.runs.missing_codes import (
    MissingCode,
    find_missing_codes,
    warn_of_missing_codes,
)
from keras_mtl.runs.set_quantiles import find_quantiles
from keras_mtl.runs.split import (
    MemberRows,
    RowSplit,
    join_test_rows,
    member_rows,
    require_classes,
    split_frame,
)
from keras_mtl.tables import describe_cells, rare_classes, require_columns
from keras_mtl.tables.column_store import ColumnStore, Rows
from keras_mtl.tables.disk_array import disk_array
from keras_mtl.tables.read_rows import read_rows
from keras_mtl.tasks import Task
from keras_mtl.tasks.class_weights import class_weight_table
from keras_mtl.tasks.names import unknown_tasks
from keras_mtl.tasks.threshold_aims import aim_of
from keras_mtl.training.settings import TrainingSettings

__all__ = ["PreparedData", "number_columns", "prepare_data", "word_columns"]

# A class needs a row to train on, one to validate on and one to test on.
ROWS_A_CLASS = 3


@dataclass(frozen=True)
class PreparedData:
    """Rows that a run can be trained on.

    Attributes:
        config: The settings with tasks resolved and features declared: they
            repeat the run.
        labels: By task name, as `Task.encode_labels` gives them.
        split: The rows, and which of them train.
        members: Of the rows that train, those of each member.
        source: What messages call the data.
        sample_weight: What each row counts in training, float32 of shape (N,);
            None where all count the same.
        source_run: The run whose trunk is used; None for a fit from the beginning.
        source_data: Its rows, for a head whose prior is learned from them.
        missing_codes: Numbers that may mean missing.
    """

    config: FitConfig
    labels: dict[str, np.ndarray]
    split: RowSplit
    members: MemberRows
    source: str
    sample_weight: np.ndarray | None = None
    source_run: SourceRun | None = None
    source_data: PreparedData | None = None
    missing_codes: tuple[MissingCode, ...] = ()

    @property
    def rows(self) -> Rows:
        """All rows, test rows included."""
        return self.split.frame

    @property
    def frame(self) -> pd.DataFrame:
        """All rows, as a DataFrame that is made anew."""
        rows = self.rows
        return rows.frame() if isinstance(rows, ColumnStore) else rows

    @property
    def on_disk(self) -> bool:
        """Whether the rows may be more than memory holds."""
        rows = self.rows
        return isinstance(rows, ColumnStore) and rows.allocate is disk_array

    def release_rows(self) -> list[Rows]:
        """Forgets the rows' columns; labels, groups and the split stay.

        Returns:
            The features of these rows, in parts that are small in memory.
        """
        if not isinstance(self.rows, ColumnStore):
            return [self.rows]
        return [
            *self.rows.cut(
                {each.column_name: each.dtype == "float32" for each in self.features}
            )
        ]

    @property
    def groups(self) -> np.ndarray:
        """Training rows of one number must stay on one side of a split."""
        return self.split.groups

    @property
    def train_rows(self) -> np.ndarray:
        """The positions of training rows in `frame`."""
        return self.split.train_rows

    @property
    def test_rows(self) -> np.ndarray:
        """The positions of test rows in `frame`."""
        return self.split.test_rows

    @property
    def test_numbers(self) -> np.ndarray:
        """The test rows' numbers in their file, from 0."""
        return self.split.test_numbers

    @property
    def strata(self) -> dict[str, np.ndarray]:
        """By task name, what splits of the rows are stratified by.

        Auxiliary tasks are not among them: with and without them, a run holds the
        same rows out.
        """
        return _strata(self.tasks, self.labels)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, with nothing left open."""
        return self.config.tasks

    @property
    def main_tasks(self) -> tuple[Task, ...]:
        """The tasks that are predicted and judged: those that are not auxiliary."""
        return tuple(task for task in self.tasks if not task.auxiliary)

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features, which have not learned yet."""
        return self.config.features


def prepare_data(config: FitConfig) -> PreparedData:
    """Reads and checks the data of a run, and splits its rows.

    Nothing here needs TensorFlow, so that a mistake in the data is told
    before it is loaded.

    Args:
        config: The run's settings.

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
    frame = read_rows(
        path, words, config.data.missing, config.data.decimal_mark, numbers
    )
    errors: list[str] = []
    config = add_auxiliary(frame, config, source, errors)
    _mask_labels(frame, config)
    if run is None:
        features = choose_features(frame, config, source, errors)
        codes = find_missing_codes(frame, features, config)
        warn_of_missing_codes(codes, source)
    else:
        # What means missing is known from the run.
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
        errors += [] if solved is None else solved.check_tasks(tasks)
    test = None
    if config.data.test_path is not None:
        test = _read_test(config, tasks, features, errors)
    elif not errors:
        for task in tasks:
            # An auxiliary task is not judged: a class that it never sees is no loss.
            errors += [] if task.auxiliary else _rare(task, frame, source)
    if errors:
        raise UserError(*errors)

    config = _with_columns(config.replace(tasks=tasks, features=features))
    columns = [feature.column_name for feature in features]
    test_source = config.data.test_path or source
    if test is None:
        labels = _encode(tasks, frame)
        split = split_frame(frame, _strata(tasks, labels), columns, config, source)
    else:
        split = join_test_rows(frame, test, columns, config, test_source)
        labels = _encode(tasks, split.frame)
    judged = [task for task in tasks if not task.auxiliary]
    require_classes(judged, labels, split, source, test_source)
    _require_weighed_classes(tasks, labels, config, split)
    if sample_weight is not None and test is not None:
        # Test rows have no part in training.
        sample_weight = np.append(sample_weight, np.ones(len(test), "float32"))
    _require_groups(config, split, source)
    members = member_rows(
        split.train_rows,
        _strata(tasks, labels),
        split.groups,
        config.training,
        config.seed,
    )
    _require_validation_labels(tasks, labels, members, config.training, source)
    return PreparedData(
        config, labels, split, members, source, sample_weight, run, source_data, codes
    )


def _prepare_source(config: FitConfig, run: SourceRun) -> PreparedData | None:
    """Prepares the rows of the run whose trunk is used, if they are needed.

    Raises:
        UserError: When they cannot be read.
    """
    if config.transfer.head != "bayesian":
        return None
    try:
        with warnings.catch_warnings():
            # The run's own fit has shown them.
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
    """Returns the column of weights, of numbers of 0 or more."""
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


def _require_weighed_classes(
    tasks: Sequence[Task],
    labels: dict[str, np.ndarray],
    config: FitConfig,
    split: RowSplit,
) -> None:
    by_name = {task.name: task for task in tasks}
    weighed = list(config.training.class_weights)
    errors = unknown_tasks("training.class_weights", weighed, list(by_name))
    for name, weights in config.training.class_weights.items():
        if name not in by_name:
            continue
        try:
            class_weight_table(by_name[name], weights, labels[name][split.train_rows])
        except ValueError as error:
            errors.append(f"training.class_weights.{name}: {error}")
    if errors:
        raise UserError(*errors)


def _require_groups(config: FitConfig, split: RowSplit, source: str) -> None:
    """Check that members can leave a group out for their validation.

    Raises:
        UserError: When all training rows are of one group.
    """
    groups = len(np.unique(split.groups[split.train_rows]))
    if not config.training.validation_fraction or groups > 1:
        return
    column = config.data.group
    where = source if column is None else f"{source}, column {column!r}"
    parts = "to train on and one to validate on"
    if config.data.test_path is None:
        expected, parts = "three", f"one {parts}, beside one to test on"
    else:
        expected, parts = "two", f"one {parts}"
    raise UserError(
        f"{where}: expected at least {expected} groups of rows, {parts}. Received: "
        f"{groups} to train on. Give rows of more groups, or train without validation "
        "(--validation-fraction 0 --patience 0)."
    )


def _require_validation_labels(
    tasks: Sequence[Task],
    labels: dict[str, np.ndarray],
    members: MemberRows,
    settings: TrainingSettings,
    source: str,
) -> None:
    """Check that validation rows have the labels that a fit learns from at its end.

    Raises:
        UserError: When a class is in none of them, or they are too few for sets of
            the coverage that is asked for.
    """
    if members.validation is None:
        return
    rows = np.unique(np.concatenate(members.validation))
    errors = []
    # Nothing is predicted for the others.
    tasks = [task for task in tasks if not task.auxiliary]
    for task in tasks:
        aim = aim_of(task)
        known = labels[task.name][rows]
        counts = [int(np.sum(known == code)) for code in (1, 0)]
        if aim is not None and 0 in counts:
            errors.append(
                f"{source}: expected validation rows of both classes of task "
                f"{task.name!r}, to choose its threshold for {aim}. Received: "
                f"{counts[0]} positive and {counts[1]} negative labels. Use more "
                "members or a larger --validation-fraction, or give a number: "
                f"--threshold {task.name}=0.5."
            )
    if settings.coverage is not None:
        # Whether there is a quantile depends on the number of scores alone.
        scores = {
            task.name: rule.scores(labels[task.name][rows], zeros)
            for task in tasks
            if (rule := task.prediction_set_rule()) is not None
            for zeros in [np.zeros((len(rows), task.units), "float32")]
        }
        quantiles = (
            find_quantiles(scores, settings.coverage, settings.joint_coverage)[0]
            if scores
            else {}
        )
        errors += [
            f"{source}: expected more validation rows with a label of task {name!r}, "
            f"for sets with a coverage of {settings.coverage:g}. Received: "
            f"{np.isfinite(scores[name]).sum()}. Use more members, a larger "
            "--validation-fraction or a lower --coverage."
            for name, quantile in quantiles.items()
            if quantile == np.inf
        ]
    if errors:
        raise UserError(*errors)


def _missing_labels(config: FitConfig) -> dict[str, tuple[float, ...]]:
    """The numbers that mean missing in label columns; a feature has its own."""
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
        # Training takes them as they are, without a copy.
        labels[task.name] = aligned_array(encoded.shape)
        labels[task.name][:] = encoded
    return labels


def _strata(
    tasks: Sequence[Task], labels: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    return {
        task.name: task.strata(labels[task.name])
        for task in tasks
        if not task.auxiliary
    }


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
    tasks: Sequence[Task],
    features: Sequence[Feature],
    errors: list[str],
) -> ColumnStore | None:
    """Reads the test rows, and checks them for what the training rows have."""
    source = str(config.data.test_path)
    words = word_columns(config.tasks, features)
    test = None
    with gather(errors):
        test = read_rows(
            source,
            words,
            config.data.missing,
            config.data.decimal_mark,
            number_columns(config.tasks, features),
        )
    if test is None:
        return None
    with gather(errors):
        compute_columns(test, config, config.data.computed, source, lenient=True)
    _mask_labels(test, config)
    columns = [feature.column_name for feature in features]
    # What is known only later need not be there: an auxiliary task is not judged.
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
    """Writes down what was inferred, so that nothing is left to infer again."""
    inputs = config.inputs.replace(
        columns=tuple(feature.column_name for feature in config.features),
        drop=(),
        numeric=(),
        boolean=(),
        date=(),
        categorical=(),
        missing_values=_missing_labels(config),
    )
    # What auxiliary tasks were made of is among the tasks and computed columns now.
    return config.replace(inputs=inputs, auxiliary=())


def word_columns(tasks: Iterable[Task], features: Iterable[Feature]) -> set[str]:
    """The columns that hold words: those of labels and of features in words."""
    labels = {column for task in tasks for column in task.word_columns}
    return labels | {
        feature.column_name for feature in features if feature.dtype == "string"
    }


def number_columns(tasks: Iterable[Task], features: Iterable[Feature]) -> set[str]:
    """The columns that hold numbers: those of features and of labels."""
    labels = {
        column
        for task in tasks
        for column in task.label_columns
        if column not in task.word_columns
    }
    return labels | {
        feature.column_name for feature in features if feature.dtype == "float32"
    }
