"""Predictions for a file of rows with a saved model."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from keras_mtl._core.display import write_output
from keras_mtl._core.whole_files import whole_text_file
from keras_mtl.configuration.fit_config import DataSettings
from keras_mtl.errors import UserError, warn_of_data
from keras_mtl.features import Feature
from keras_mtl.runs.memory_tables import read_table
from keras_mtl.runs.prepare import number_columns, word_columns
from keras_mtl.runs.terminal import Terminal
from keras_mtl.serving.model_file import check_model_file, read_declarations
from keras_mtl.tables import require_columns
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tasks import Task

__all__ = ["find_model", "find_rows", "predict_run", "row_labels"]


def find_model(run: str) -> tuple[Path, list[str]]:
    """Find the model file of a run.

    Args:
        run: A run folder, or a `.keras` file.

    Returns:
        The path of the file, and the error messages.
    """
    path = Path(run)
    if path.is_dir():
        path = path / "model.keras"
    if not path.is_file():
        return path, [
            f"{run}: expected a run folder with a model.keras, or a .keras file; there "
            f"is no {path}. Create one with python -m keras_mtl.fit."
        ]
    if not zipfile.is_zipfile(path):
        return path, [f"{path}: expected a Keras model file; received another file."]
    return path, []


def predict_run(
    run: str,
    rows: str,
    out: str | None = None,
    overwrite: bool = False,
    missing: Sequence[str] = (),
    decimal_mark: str | None = None,
) -> None:
    """Predict the rows of a file, and write the predictions as CSV.

    Args:
        run: A run folder, or a `.keras` file.
        rows: A CSV file. It has all feature columns; label columns are optional.
        out: The path to write to; None is the standard output.
        overwrite: Whether an existing file is replaced.
        missing: Texts that mean a missing value, in addition to the usual ones.
        decimal_mark: See `keras_mtl.tables.read_csv`.

    Raises:
        UserError: If a file cannot be used. Nothing is written then.
    """
    path, errors = find_model(run)
    if out is not None and Path(out).exists() and not overwrite:
        errors.append(
            f"{out}: expected a file that does not exist yet; it exists. Choose "
            "another with --out, or replace it with --overwrite."
        )
    if out is not None and not Path(out).absolute().parent.is_dir():
        errors.append(f"{out}: expected a path in an existing folder.")
    if errors:
        raise UserError(*errors)
    check_model_file(path)
    tasks, features = read_declarations(path)
    terminal = Terminal(quiet=True)
    with terminal.warnings():
        frame = find_rows(rows, tasks, features, missing, decimal_mark)
        labels = row_labels(tasks, frame, rows)
    with terminal.loading():
        import tensorflow as tf

        from keras_mtl.architectures import without_auxiliary
        from keras_mtl.runs.predictions import predict_frame, prediction_table
        from keras_mtl.serving import load_model

        tf.config.list_logical_devices()
        model = without_auxiliary(load_model(path))
        outputs = predict_frame(model, frame)
    answers = prediction_table(model, outputs, labels, np.arange(len(frame)))
    if out is None:
        write_output(answers.to_csv(index=False).removesuffix("\n"))
        return
    with whole_text_file(Path(out)) as stream:
        answers.to_csv(stream, index=False)


def find_rows(
    rows: str,
    tasks: Sequence[Task],
    features: Sequence[Feature],
    missing: Sequence[str] = (),
    decimal_mark: str | None = None,
    table: Any = None,
) -> ColumnStore:
    """Read and check the rows for a model's predictions.

    Args:
        rows: The path of a file, or the name of the DataFrame in messages.
        tasks: The tasks of the model.
        features: The features of the model.
        missing: See `predict_run`.
        decimal_mark: See `predict_run`.
        table: A DataFrame in place of the file; None reads the file.

    Raises:
        UserError: With all errors of the rows.
    """
    frame = read_table(
        rows,
        table,
        word_columns(tasks, features),
        DataSettings(missing=tuple(missing), decimal_mark=cast(Any, decimal_mark)),
        number_columns(tasks, features),
    )
    columns = [feature.column_name for feature in features]
    errors = require_columns(frame, columns, "feature", rows)
    for feature in features:
        if feature.column_name in frame:
            errors += feature.check_readable(frame, rows)
    if errors:
        raise UserError(*errors)
    return frame


def row_labels(
    tasks: Sequence[Task], frame: ColumnStore, rows: str
) -> dict[str, np.ndarray]:
    """Encode the labels of the tasks whose columns all exist.

    Args:
        tasks: The tasks of the model.
        frame: The rows.
        rows: See `find_rows`.
    """
    labels = {}
    for task in tasks:
        if all(column in frame.columns for column in task.label_columns):
            labels[task.name] = task.encode_labels(frame)
            for message in task.check_labels(frame, rows):
                warn_of_data(message)
    return labels
