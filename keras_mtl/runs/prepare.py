"""From settings to checked rows, resolved tasks and a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.datasets import (
    MISSING_VALUES,
    heart_disease_path,
    label_strata,
    rare_classes,
    read_csv,
    require_columns,
    row_groups,
    split_rows,
)
from keras_mtl.errors import UserError
from keras_mtl.features import Feature
from keras_mtl.runs.features import choose_features
from keras_mtl.tasks import RegressionTask, Task
from keras_mtl.tasks.labels import label_words

__all__ = ["PreparedData", "prepare_data"]

# A class needs a row to train on, one to validate on and one to test on.
ROWS_A_CLASS = 3


@dataclass(frozen=True)
class PreparedData:
    """Rows that a run can be trained on.

    Attributes:
        config: The settings with tasks resolved and features declared: they
            repeat the run.
        frame: All rows, test rows included.
        labels: By task name, as `Task.encode_labels` gives them.
        groups: Rows of one number must stay on one side of a split, (N,).
        train_rows: The positions of training rows in `frame`.
        test_rows: The positions of test rows in `frame`.
        test_numbers: The test rows' numbers in their file, from 0.
        source: What messages call the data.
    """

    config: FitConfig
    frame: pd.DataFrame
    labels: dict[str, np.ndarray]
    groups: np.ndarray
    train_rows: np.ndarray
    test_rows: np.ndarray
    test_numbers: np.ndarray
    source: str

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, with nothing left open."""
        return self.config.tasks

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
        UserError: With all mistakes at once.
    """
    path = config.data.path or str(heart_disease_path())
    source = config.data.path or "heart_disease_uci.csv"
    frame = _read(path, config)
    test = (
        None if config.data.test_path is None else _read(config.data.test_path, config)
    )

    mistakes: list[str] = []
    features = choose_features(frame, config, source, mistakes)
    tasks = _resolve(config.tasks, frame, source, mistakes)
    if not mistakes:
        for task in tasks:
            mistakes += _rare(task, frame, source, split=test is None)
    if test is not None and not mistakes:
        mistakes += _check_test(test, tasks, features, str(config.data.test_path))
    if mistakes:
        raise UserError(*mistakes)

    config = config.replace(tasks=tasks, features=features)
    config = _with_columns(config)
    numbers = np.arange(len(frame))
    if test is not None:
        numbers = np.concatenate([numbers, np.arange(len(test))])
        lengths = len(frame), len(test)
        frame = pd.concat([frame, test], ignore_index=True)
        train_rows, test_rows = np.split(np.arange(sum(lengths)), lengths[:1])
    labels = {task.name: task.encode_labels(frame) for task in tasks}
    columns = [feature.column_name for feature in features]
    group = None if config.data.group is None else frame[config.data.group]
    groups = row_groups(frame, columns, group)
    if test is None:
        train_rows, test_rows = split_rows(
            label_strata(labels),
            test_fraction=config.data.test_fraction,
            seed=config.seed,
            groups=groups,
            labels=labels,
        )
    return PreparedData(
        config,
        frame,
        labels,
        groups,
        train_rows,
        test_rows,
        numbers[test_rows],
        source,
    )


def _read(path: str, config: FitConfig) -> pd.DataFrame:
    """Reads a file, with labels and words as they are written."""
    frame = read_csv(path, missing_values=(*MISSING_VALUES, *config.data.missing))
    words = {column for task in config.tasks for column in task.label_columns}
    words |= {*config.inputs.categorical, *config.inputs.boolean}
    words |= {
        feature.column_name for feature in config.features if feature.dtype == "string"
    }
    numbers = [
        column
        for column in frame.columns
        if column in words and pd.api.types.is_numeric_dtype(frame[column])
    ]
    if not numbers:
        return frame
    # Read once more: "03" is a word there, and so are 1 and 1.0.
    return read_csv(
        path,
        text_columns=numbers,
        missing_values=(*MISSING_VALUES, *config.data.missing),
    )


def _resolve(
    tasks: Sequence[Task], frame: pd.DataFrame, source: str, mistakes: list[str]
) -> tuple[Task, ...]:
    resolved = []
    for task in tasks:
        try:
            resolved.append(task.resolve(frame, source))
        except UserError as error:
            mistakes.extend(error.messages)
    return tuple(resolved)


def _rare(task: Task, frame: pd.DataFrame, source: str, split: bool) -> list[str]:
    if isinstance(task, RegressionTask):
        return []
    messages = []
    for index, column in enumerate(task.label_columns):
        labels = task.encode_labels(frame)
        labels = labels[:, index] if labels.ndim == 2 else labels
        if len(task.label_columns) == 1:
            words = pd.Series(task.label_answers(labels)).replace("", np.nan)
        else:
            words = label_words(frame[column])
        messages += rare_classes(
            words.rename(column), minimum=ROWS_A_CLASS if split else 1, source=source
        )
    return messages


def _check_test(
    test: pd.DataFrame, tasks: Sequence[Task], features: Sequence[Feature], source: str
) -> list[str]:
    """Checks the test rows for what the training rows have shown to be there."""
    columns = [feature.column_name for feature in features]
    columns += [column for task in tasks for column in task.label_columns]
    messages = require_columns(test, columns, "as in the training data", source)
    if messages:
        return messages
    return [message for task in tasks for message in task.check_labels(test, source)]


def _with_columns(config: FitConfig) -> FitConfig:
    """Writes down what was inferred, so that nothing is left to infer again."""
    inputs = config.inputs.replace(
        columns=tuple(feature.column_name for feature in config.features),
        drop=(),
        numeric=(),
        boolean=(),
        categorical=(),
        missing_values={},
    )
    return config.replace(inputs=inputs)
