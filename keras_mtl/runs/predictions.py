"""Predictions of rows, as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from keras_mtl.features import feature_arrays, feature_tensors
from keras_mtl.model import MultiTaskModel
from keras_mtl.serving.network import prediction_function
from keras_mtl.tables.column_store import Rows, rows_between

__all__ = [
    "matrix_predictor",
    "predict_frame",
    "predict_held_out",
    "predict_matrix",
    "prediction_table",
]

# The number of rows per call is the same for all files, since a matrix product of
# another shape may round differently.
ROWS_PER_CALL = 4096


def predict_frame(model: MultiTaskModel, frame: Rows) -> dict[str, np.ndarray]:
    """Run a model of raw features on rows.

    Args:
        model: A model whose inputs are raw features.
        frame: The rows; an absent column counts as missing.

    Returns:
        The outputs by task name, of shape (N, units).

    Raises:
        ValueError: If the model has no raw features.
    """
    if not model.features:
        raise ValueError(
            "Invalid value received for argument `model`. Expected a model of raw "
            "features. Received: a model of an encoded matrix. Join its encoder with "
            "`keras_mtl.join_encoder` first."
        )
    columns = [feature.column_name for feature in model.features]

    def inputs(start: int, stop: int) -> dict[str, tf.Tensor]:
        part = rows_between(frame, start, stop, columns)
        arrays = feature_arrays(model.features, part)
        # Padded with repeated rows.
        return feature_tensors(
            {name: np.resize(values, ROWS_PER_CALL) for name, values in arrays.items()}
        )

    return _predict(_traced(model), model, len(frame), inputs)


def predict_matrix(model: MultiTaskModel, matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Run a model of an encoded matrix on a matrix.

    The predictions are those of the model of raw features for the same rows.

    Args:
        model: A model whose only input is an encoded matrix.
        matrix: float32 of shape (N, columns).

    Returns:
        The outputs by task name, of shape (N, units).
    """
    return matrix_predictor(model)(matrix)


def matrix_predictor(
    model: MultiTaskModel,
) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Return `predict_matrix` of a model, for many calls.

    The graph is traced at the first call. It reads the model's variables, so new
    weights change the predictions without tracing again.

    Args:
        model: A model whose only input is an encoded matrix.
    """
    function = _traced(model)

    def predict(matrix: np.ndarray) -> dict[str, np.ndarray]:
        def inputs(start: int, stop: int) -> tf.Tensor:
            part = matrix[start:stop]
            return tf.constant(np.resize(part, (ROWS_PER_CALL, *part.shape[1:])))

        return _predict(function, model, len(matrix), inputs)

    return predict


def predict_held_out(
    predict: Callable[[int, np.ndarray], dict[str, np.ndarray]],
    matrix: np.ndarray,
    validation: Sequence[np.ndarray],
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Predict each validation row with the members that did not train on it.

    Args:
        predict: A function from a member's position and encoded rows to outputs by task
            name.
        matrix: The encoded rows, float32 of shape (N, columns).
        validation: The indices of each member's validation rows.

    Returns:
        The indices of all validation rows, in order; and, by task name, the mean
        outputs of the members that hold the row out, of shape (rows, units).
    """
    rows = np.unique(np.concatenate(validation))
    holders = np.zeros((len(rows), 1), "float32")
    totals: dict[str, np.ndarray] = {}
    for member, own in enumerate(validation):
        for start in range(0, len(own), ROWS_PER_CALL):
            part = own[start : start + ROWS_PER_CALL]
            places = np.searchsorted(rows, part)
            holders[places] += 1
            for name, outputs in predict(member, matrix[part]).items():
                if name not in totals:
                    totals[name] = np.zeros((len(rows), outputs.shape[1]), "float32")
                totals[name][places] += outputs
    return rows, {name: total / holders for name, total in totals.items()}


def _traced(model: MultiTaskModel) -> Callable[[Any], dict[str, tf.Tensor]]:
    function = prediction_function(model)
    return tf.function(function, reduce_retracing=True, autograph=False)


def _predict(
    function: Callable[[Any], dict[str, tf.Tensor]],
    model: MultiTaskModel,
    rows: int,
    inputs: Callable[[int, int], Any],
) -> dict[str, np.ndarray]:
    outputs = {
        task.name: np.zeros((rows, task.units), "float32") for task in model.tasks
    }
    for start in range(0, rows, ROWS_PER_CALL):
        stop = min(start + ROWS_PER_CALL, rows)
        for name, values in function(inputs(start, stop)).items():
            outputs[name][start:stop] = values.numpy()[: stop - start]
    return outputs


def prediction_table(
    model: MultiTaskModel,
    outputs: dict[str, np.ndarray],
    labels: dict[str, np.ndarray] | None,
    rows: np.ndarray,
) -> pd.DataFrame:
    """Build the table of a predictions file.

    Args:
        model: The model, which knows the tasks.
        outputs: The outputs by task name, from `predict_frame`.
        labels: The encoded labels by task name, for the tasks that have labels.
        rows: The numbers of the rows in their input, from 0.

    Returns:
        One row per predicted row, in order, with the columns `row`, then for each task
        its label if known, its decoded prediction, its probabilities or value, and its
        set.
    """
    columns: dict[str, np.ndarray] = {"row": rows}
    for task in model.tasks:
        if labels is not None and task.name in labels:
            columns[task.name] = task.decode_labels(labels[task.name])
        columns.update(task.decode(outputs[task.name]))
        columns.update(task.decode_sets(outputs[task.name]))
    return pd.DataFrame(columns)
