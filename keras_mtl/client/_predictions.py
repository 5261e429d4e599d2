"""Conversion of a server's outputs to the columns that `predict` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np

from keras_mtl.client.model_description import ModelDescription, PredictionColumn

__all__ = [
    "WrongAnswerError",
    "as_table",
    "check_outputs",
    "column_dtype",
    "prediction_columns",
]

# JSON has at least six digits of each probability.
ROUNDING = 1e-5


class WrongAnswerError(Exception):
    """Outputs that do not fit the described model; the text gives the reason."""


def check_outputs(
    outputs: Mapping[str, np.ndarray], description: ModelDescription, rows: int
) -> None:
    """Check that outputs fit the described model.

    Args:
        outputs: Arrays by name, of shape (rows,) or (rows, values).
        description: The model.
        rows: The number of rows that were sent.

    Raises:
        WrongAnswerError: If an output is absent or has another shape, or if classes and
            probabilities contradict each other.
    """
    for column in description.predictions:
        values = outputs.get(column.output)
        if values is None:
            raise WrongAnswerError(
                f"expected an output {column.output!r}. Received: "
                f"{', '.join(sorted(outputs)) or 'none'}."
            )
        expected = 1 if column.index is None else 2
        if values.ndim != expected or len(values) != rows:
            raise WrongAnswerError(
                f"expected {rows} rows of {'one value' if expected == 1 else 'a list'} "
                f"for {column.output!r}. Received: shape {values.shape}."
            )
        if (values.dtype == object) != (column.dtype == "string"):
            raise WrongAnswerError(
                f"expected values of type {column.dtype} for {column.output!r}. "
                f"Received: {'text' if values.dtype == object else 'numbers'}."
            )
    _check_widths(outputs, description)
    columns = prediction_columns(outputs, description)
    for task in dict.fromkeys(column.task for column in description.predictions):
        _check_classes(task, columns)


def _check_widths(
    outputs: Mapping[str, np.ndarray], description: ModelDescription
) -> None:
    widths: dict[str, int] = {}
    for column in description.predictions:
        if column.index is not None:
            width = max(widths.get(column.output, 0), column.index + 1)
            widths[column.output] = width
    for output, width in widths.items():
        if outputs[output].shape[1] != width:
            raise WrongAnswerError(
                f"expected {width} values per row for {output!r}. Received: "
                f"{outputs[output].shape[1]}."
            )


def _check_classes(task: str, columns: Mapping[str, np.ndarray]) -> None:
    """Refuse classes whose order differs from the served model.

    The server sends the class in words, and the metadata name the probabilities. The
    class of a row must have the largest probability.
    """
    start = f"{task}_probability["
    names = [name for name in columns if name.startswith(start)]
    classes = columns.get(f"{task}_class")
    if not names or classes is None or not len(classes):
        return
    largest = np.max([columns[name] for name in names], axis=0)
    for word in np.unique(classes.astype(str)):
        if f"{start}{word}]" not in columns:
            # The row has several labels or no label.
            continue
        rows = classes == word
        if np.any(columns[f"{start}{word}]"][rows] < largest[rows] - ROUNDING):
            raise WrongAnswerError(
                f"expected {word!r} to be the most probable class of {task!r} where it "
                "is the prediction. Received: another order of classes."
            )


def prediction_columns(
    outputs: Mapping[str, np.ndarray], description: ModelDescription
) -> dict[str, np.ndarray]:
    """Return the columns of the predictions, each of shape (rows,).

    Args:
        outputs: Arrays by name, of shape (rows,) or (rows, values).
        description: The model.
    """
    columns = {}
    for each in description.predictions:
        values = outputs[each.output]
        values = values if each.index is None else values[:, each.index]
        # JSON does not contain the type of a number.
        columns[each.column] = values.astype(column_dtype(each))
    return columns


def column_dtype(column: PredictionColumn) -> np.dtype[Any]:
    """Return the type of the array of a column."""
    return np.dtype(object if column.dtype == "string" else column.dtype)


def as_table(columns: Mapping[str, np.ndarray], table: Any) -> Any:
    """Return columns as the same kind of table as another table, with its index.

    Args:
        columns: Arrays by name, of shape (rows,).
        table: A pandas or Polars DataFrame, a PyArrow Table, or a list of dicts.
    """
    if isinstance(table, Sequence):
        lists = {name: values.tolist() for name, values in columns.items()}
        return [
            dict(zip(lists, row, strict=True))
            for row in zip(*lists.values(), strict=True)
        ]
    frame = nw.from_native(table, eager_only=True)
    plain = {
        name: values.tolist()
        if values.dtype == object
        else np.ascontiguousarray(values)
        for name, values in columns.items()
    }
    if frame.implementation.is_pandas():
        # pandas is installed, because the table is a DataFrame of pandas.
        import pandas as pd

        return pd.DataFrame(plain, index=table.index)
    made = nw.from_dict(plain, backend=frame.implementation)
    # A column without rows does not show its type.
    texts = [name for name, values in columns.items() if values.dtype == object]
    if texts:
        made = made.with_columns(nw.col(*texts).cast(nw.String))
    return made.to_native()
