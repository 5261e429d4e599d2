"""Predicting the rows of a DataFrame."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_mtl._core.spelling import in_spelling
from keras_mtl.configuration.script_spelling import script_spelling
from keras_mtl.dataframes._arguments import require_list
from keras_mtl.dataframes.fitting import TableFit
from keras_mtl.errors import UserError, gather, show_value
from keras_mtl.runs.predict_run import find_model, find_rows, row_labels
from keras_mtl.serving.model_file import check_model_file, load_model
from keras_mtl.tables.data_frame import same_kind

if TYPE_CHECKING:
    from keras_mtl.model import MultiTaskModel

__all__ = ["predict_table"]


@in_spelling(
    script_spelling({"data.missing": "missing", "data.decimal_mark": "decimal_mark"})
)
def predict_table(
    model: MultiTaskModel | TableFit | str | os.PathLike[str],
    table: Any,
    *,
    missing: Sequence[str] = (),
    decimal_mark: str | None = None,
) -> Any:
    """Predict the rows of a DataFrame.

    This is `python -m keras_mtl.predict` as a function, with the same columns and
    values.

    Args:
        model: The result of `fit_table`, a run folder, a `.keras` file, or a loaded
            model of raw features. To predict many tables, load the model once.
        table: The rows, a pandas or Polars DataFrame or a PyArrow Table, with all
            feature columns. Label columns are optional.
        missing: Texts that mean a missing value, in addition to the usual ones.
        decimal_mark: `","` or `"."`, for numbers written as text; by default inferred
            from the numbers.

    Returns:
        The same kind of DataFrame as the table, with one row per row of the table, in
        order. The columns are `row`, counted from 0, and for each task its label if the
        table has it, the predicted class or value, and the probabilities. A pandas
        DataFrame keeps the index of the table.

    Raises:
        UserError: With all errors of the model or of the rows at once.

    Example:

    >>> import keras_mtl
    >>> from keras_mtl.datasets import load_heart_disease
    >>> frame = load_heart_disease()
    >>> features = keras_mtl.learn_features([keras_mtl.NumericFeature("age")], frame)
    >>> encoder = keras_mtl.build_encoder(features)
    >>> tasks = [keras_mtl.BinaryTask("sick", column="num", positive="> 0")]
    >>> core = keras_mtl.build_hard_sharing(encoder.output_shape[-1], tasks)
    >>> model = keras_mtl.join_encoder(encoder, core, features)
    >>> keras_mtl.predict_table(model, frame[["age"]]).columns.tolist()
    ['row', 'sick_class', 'sick_probability']
    """
    errors: list[str] = []
    if decimal_mark is not None and (
        not isinstance(decimal_mark, str) or decimal_mark not in (",", ".")
    ):
        errors.append(
            f"decimal_mark: expected ',' or '.'; received {show_value(decimal_mark)}."
        )
    with gather(errors):
        missing = require_list("missing", missing, '["unknown"]')
    with gather(errors):
        loaded = _load(model)
    if errors:
        raise UserError(*errors)
    frame = find_rows(
        "table", loaded.tasks, loaded.features, missing, decimal_mark, table
    )
    labels = row_labels(loaded.tasks, frame, "table")

    from keras_mtl.architectures import without_auxiliary
    from keras_mtl.runs.predictions import predict_frame, prediction_table

    answering = without_auxiliary(loaded)
    rows = np.arange(len(frame))
    outputs = predict_frame(answering, frame)
    answers = prediction_table(answering, outputs, labels, rows)
    return same_kind(answers, table, rows)


def _load(model: Any) -> MultiTaskModel:
    if isinstance(model, TableFit):
        return model.model
    if isinstance(model, str | os.PathLike):
        path, errors = find_model(os.fspath(model))
        if errors:
            raise UserError(*errors)
        check_model_file(path)
        return load_model(path)
    if getattr(model, "features", None) and getattr(model, "tasks", None):
        loaded: MultiTaskModel = model
        return loaded
    remedy = (
        "Pass the model first, then the rows."
        if hasattr(model, "shape")
        else "Join a model of an encoded matrix with its encoder: "
        "keras_mtl.join_encoder."
    )
    raise UserError(
        "model: expected what fit_table returned, the path of a run folder or of a "
        f".keras file, or a model of raw features. Received: {show_value(model)}. "
        f"{remedy}"
    )
