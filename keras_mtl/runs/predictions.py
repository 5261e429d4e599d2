"""Answers to rows, as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import tensorflow as tf

from keras_mtl.features import feature_arrays, feature_tensors
from keras_mtl.training import MultiTaskModel

__all__ = ["answer_rows", "predict_frame"]

# As many rows a call for a file of three rows as for one of a million: a
# matrix product of another shape may round otherwise.
ROWS_A_CALL = 4096


def predict_frame(model: MultiTaskModel, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Runs a raw-feature model on rows.

    Args:
        model: A model whose inputs are raw features.
        frame: The rows; a column that is absent counts as missing.

    Returns:
        By task name, the outputs of shape (N, units).

    Raises:
        ValueError: When the model has no raw features.
    """
    if not model.features:
        raise ValueError(
            "Invalid value received for argument `model`. Expected a model of raw "
            "features. Received: a model of an encoded matrix. Join its encoder with "
            "`keras_mtl.join_encoder` first."
        )
    answer = tf.function(model, reduce_retracing=True)
    parts: dict[str, list[np.ndarray]] = {task.name: [] for task in model.tasks}
    for start in range(0, len(frame), ROWS_A_CALL):
        rows = frame.iloc[start : start + ROWS_A_CALL]
        arrays = feature_arrays(model.features, rows)
        # Filled up with the same rows over and over.
        filled = {
            name: np.resize(values, ROWS_A_CALL) for name, values in arrays.items()
        }
        for name, values in answer(feature_tensors(filled)).items():
            parts[name].append(values.numpy()[: len(rows)])
    return {
        task.name: np.concatenate(parts[task.name] or [np.zeros((0, task.units))])
        for task in model.tasks
    }


def answer_rows(
    model: MultiTaskModel,
    outputs: dict[str, np.ndarray],
    labels: dict[str, np.ndarray] | None,
    rows: np.ndarray,
) -> pd.DataFrame:
    """Makes the table of a predictions file.

    Args:
        model: The model, which knows the tasks.
        outputs: By task name, as `predict_frame` gives them.
        labels: By task name the encoded labels, of those tasks that have any.
        rows: The rows' numbers in their input, from 0.

    Returns:
        One row a row, in their order: `row`, then for each task its label if
        known, its decoded answer and its probabilities or value.
    """
    columns: dict[str, np.ndarray] = {"row": rows}
    for task in model.tasks:
        if labels is not None and task.name in labels:
            columns[task.name] = task.label_answers(labels[task.name])
        columns.update(task.decode(outputs[task.name]))
    return pd.DataFrame(columns)
