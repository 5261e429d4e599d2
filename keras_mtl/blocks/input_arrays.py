"""Checks and conversion of the inputs that are passed to `fit` and `predict`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd

from keras_mtl._core.errors import show_value

__all__ = ["read_inputs"]

# What pandas infers of a column of objects that are all numbers or missing.
NUMBERS = {"integer", "floating", "mixed-integer-float", "boolean", "decimal", "empty"}
COLUMNS_SHOWN = 5


def read_inputs(model: Any, x: Any, argument: str = "x") -> Any:
    """Return inputs with the numbers of data frames as arrays.

    Inputs of other types, such as tensors, data sets and strings for a model of raw
    features, are returned unchanged.

    Args:
        model: The functional model that takes the inputs.
        x: The inputs as a user passes them.
        argument: The name of the argument, for messages.

    Raises:
        ValueError: If a column for an input of numbers holds anything else, or the
            number of columns differs from that of the model's input.
    """
    expected = model.input
    if isinstance(x, pd.DataFrame) and model.features:
        raise _invalid(
            argument,
            f"Expected a dict of arrays by "
            f"feature name, because the model takes raw features. Received: {_sort(x)}."
            f" Convert it: keras_mtl.feature_arrays(model.features, {argument}).",
        )
    if not isinstance(expected, Mapping):
        tensors = keras.tree.flatten(expected)
        expected = {tensor.name: tensor for tensor in tensors}
    if isinstance(x, Mapping):
        return {
            name: _read(expected[name], values, argument)
            if name in expected
            else values
            for name, values in x.items()
        }
    if isinstance(x, list | tuple):
        _require_arrays(x, len(expected), argument)
        if len(x) != len(expected):
            return x
        pairs = zip(expected.values(), x, strict=True)
        return type(x)([_read(tensor, values, argument) for tensor, values in pairs])
    if len(expected) == 1:
        (tensor,) = expected.values()
        return _read(tensor, x, argument)
    return x


def _read(tensor: keras.KerasTensor, values: Any, argument: str) -> Any:
    """Return what is passed for one input of the model, as numbers if it has some."""
    is_array = isinstance(values, np.ndarray | pd.DataFrame | pd.Series)
    if not is_array or tensor.dtype == "string":
        return values
    of_numbers = isinstance(values, np.ndarray) and values.dtype.kind in "fiub"
    if not of_numbers and len(values.shape) <= 2:
        values = _numbers(values, tensor.dtype, argument)
    _require_columns(tensor, values, argument)
    return values


def _numbers(values: Any, dtype: str, argument: str) -> np.ndarray:
    """Return a frame, or an array of objects, as numbers, NaN where missing."""
    frame = pd.DataFrame(values)
    wrong = [place for place in range(frame.shape[1]) if not _is_numbers(frame, place)]
    if wrong:
        shown = [_show_column(values, frame, place) for place in wrong[:COLUMNS_SHOWN]]
        if len(wrong) > COLUMNS_SHOWN:
            shown.append(f"and {len(wrong) - COLUMNS_SHOWN} more")
        raise _invalid(
            argument,
            f"Expected a number in each "
            f"column, because the model takes a matrix. Received: {_sort(values)} with "
            f"{', '.join(shown)}. Encode the rows as before training with "
            "keras_mtl.encode_frame, or pass raw columns to a model that begins with "
            "the encoder, which keras_mtl.join_encoder makes.",
        )
    target = dtype if dtype.startswith("float") else None
    gaps: dict[str, Any] = {"na_value": np.nan} if frame.isna().any(axis=None) else {}
    numbers: np.ndarray = frame.to_numpy(target, **gaps)
    return numbers.reshape(values.shape)


def _is_numbers(frame: pd.DataFrame, place: int) -> bool:
    column = frame.iloc[:, place]
    if column.dtype == object:
        return pd.api.types.infer_dtype(column, skipna=True) in NUMBERS
    return pd.api.types.is_numeric_dtype(column.dtype)


def _show_column(values: Any, frame: pd.DataFrame, place: int) -> str:
    named = isinstance(values, pd.DataFrame)
    name = repr(frame.columns[place]) if named else str(place)
    column = frame.iloc[:, place]
    known = column[column.map(lambda value: not isinstance(value, int | float))]
    known = known.dropna()
    example = f", for example {show_value(known.iloc[0])}" if len(known) else ""
    return f"column {name} of type {column.dtype}{example}"


def _require_columns(tensor: keras.KerasTensor, values: Any, argument: str) -> None:
    """Refuse an array whose rows have another shape than those of the input."""
    if len(values.shape) != len(tensor.shape):
        return  # Keras adds an axis to some, and refuses others by their shape.
    pairs = zip(tensor.shape[1:], values.shape[1:], strict=True)
    if any(size is not None and size != given for size, given in pairs):
        sizes = ", ".join("any" if size is None else str(size) for size in tensor.shape)
        raise _invalid(
            argument,
            f"Expected an array of shape "
            f"({sizes}) for the model's input {tensor.name!r}. Received: an array of "
            f"shape {tuple(values.shape)}. Pass the columns that the model was built "
            "for, in their order.",
        )


def _require_arrays(x: Sequence[Any], count: int, argument: str) -> None:
    if any(isinstance(values, str | int | float | list | tuple) for values in x):
        inputs = "an array" if count == 1 else f"a list of {count} arrays"
        raise _invalid(
            argument,
            f"Expected {inputs}. Received: a "
            f"{type(x).__name__} of {len(x)} values of type {type(x[0]).__name__}. "
            f"Convert it: np.array({argument}).",
        )


def _sort(values: Any) -> str:
    if isinstance(values, pd.DataFrame):
        return "a data frame"
    sort = "a Series" if isinstance(values, pd.Series) else "an array"
    return f"{sort} of type {values.dtype}"


def _invalid(argument: str, rest: str) -> ValueError:
    return ValueError(f"Invalid value received for argument `{argument}`. {rest}")
