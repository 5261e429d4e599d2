"""DataFrames and arrays as the columns that a run trains on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.errors import UserError, show_value
from keras_mtl.tables.column_store import WordColumn
from keras_mtl.tables.missing_values import MISSING_VALUES

__all__ = ["feature_frame", "store_columns", "target_frame"]

NESTED = (Mapping, list, tuple, set, np.ndarray)


def feature_frame(x: Any) -> pd.DataFrame:
    """Return features as a DataFrame; the columns of an array are x0, x1, ..."""
    if isinstance(x, pd.DataFrame):
        if not len(x.columns):
            raise UserError(
                "X: expected one or more columns. Received: a DataFrame without any. "
                "Pass a column per feature."
            )
        return x.set_axis([str(name) for name in x.columns], axis=1)
    if isinstance(x, Mapping | pd.Series):
        raise UserError(
            "X: expected a DataFrame or an array of shape (rows, features). Received: "
            f"a {type(x).__name__}. For a dict of columns pass pd.DataFrame(X), for "
            "one row pd.DataFrame([X])."
        )
    if hasattr(x, "toarray"):
        raise UserError(
            "X: expected a DataFrame or a dense array. Received: a sparse matrix. "
            "Convert it with X.toarray()."
        )
    array = np.asarray(x)
    if array.ndim == 2 and array.shape[1] == 0:
        # The middle is scikit-learn's own wording, which its checks look for.
        raise UserError(
            "X: expected one or more features. Received: "
            f"0 feature(s) (shape={array.shape}) while a minimum of 1 is required. "
            "Pass a column per feature."
        )
    if array.ndim != 2 or 0 in array.shape:
        raise UserError(
            "X: expected a DataFrame or an array of shape (rows, features), with one "
            f"or more of each. Received: shape {array.shape}. Reshape your data: for "
            "one feature use X.reshape(-1, 1), for one row X.reshape(1, -1)."
        )
    if array.dtype.kind == "c":
        raise UserError(
            "X: expected real numbers or text. Received: complex numbers. "
            "Complex data not supported: pass real and imaginary parts as columns."
        )
    return pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])


def target_frame(y: Any, index: pd.Index) -> pd.DataFrame:
    """Return labels as a DataFrame with a column per task, in the rows of X.

    The columns keep their names, which may be numbers.
    """
    if y is None:
        raise UserError(
            "y: expected labels, a DataFrame with a column per task. Received: None. "
            "This estimator requires y to be passed, but the target y is None."
        )
    if isinstance(y, Mapping):
        y = pd.DataFrame(y)
    if isinstance(y, pd.DataFrame):
        if not len(y.columns):
            raise UserError(
                "y: expected one or more columns. Received: a DataFrame without any. "
                "Pass a column per task."
            )
        frame = y
    elif isinstance(y, pd.Series):
        frame = y.to_frame("y" if y.name is None else y.name)
    else:
        array = np.asarray(y)
        if isinstance(y, str) or array.ndim not in (1, 2):
            raise UserError(
                "y: expected labels, a DataFrame with a column per task or an array of "
                f"shape (rows,) or (rows, tasks). Received: {show_value(y)}. Pass the "
                "labels themselves, such as table[['sick', 'days']]."
            )
        names = [f"y{i}" for i in range(array.shape[1])] if array.ndim == 2 else ["y"]
        frame = pd.DataFrame(array.reshape(len(array), -1), columns=names)
    if len(frame) != len(index):
        raise UserError(
            f"y: expected as many rows as X, {len(index)}. Received: {len(frame)}. "
            "Pass the same rows in both."
        )
    # Rows belong together by their position, as everywhere in scikit-learn.
    return frame.set_axis(index, axis=0)


def store_columns(frame: pd.DataFrame) -> dict[str, np.ndarray | WordColumn]:
    """Return the columns of a DataFrame as a file of the same rows gives them."""
    return {str(name): _column(frame[name]) for name in frame}


def _column(values: pd.Series) -> np.ndarray | WordColumn:
    if values.dtype == object or isinstance(values.dtype, pd.StringDtype):
        # As in a file. What is left may be numbers.
        values = values.mask(values.map(_means_missing)).infer_objects()
    wrong = _unreadable(values)
    if wrong:
        raise UserError(
            f"X, column {values.name!r}: expected numbers, text, truth values or "
            f"dates. Received: {wrong}, or leave the column out."
        )
    if pd.api.types.is_bool_dtype(values.dtype):
        # As a file writes them: true and false are words there.
        return _words(values.map({True: "true", False: "false"}))
    if pd.api.types.is_numeric_dtype(values.dtype):
        numbers = values.to_numpy("float64", na_value=np.nan)
        if np.isinf(numbers).any():
            raise UserError(
                f"X, column {values.name!r}: expected finite numbers, or NaN for "
                "missing. Received: infinity. Replace it by a number or by NaN."
            )
        if pd.api.types.is_integer_dtype(values.dtype) and not values.isna().any():
            return values.to_numpy("int64")
        return numbers
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _words(values.map(lambda time: time.isoformat(), na_action="ignore"))
    return _words(values.map(str, na_action="ignore"))


def _means_missing(cell: Any) -> bool:
    return isinstance(cell, str) and (not cell or cell in MISSING_VALUES)


def _unreadable(values: pd.Series) -> str | None:
    """Return the kind of cells that cannot be read, with a remedy, else None."""
    if pd.api.types.is_complex_dtype(values.dtype):
        return "complex numbers. Pass real and imaginary parts as columns"
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        return "durations. Convert them to numbers, such as .dt.total_seconds()"
    if values.dtype == object:
        known = values.dropna()
        nested = known[known.map(lambda cell: isinstance(cell, NESTED))]
        if len(nested):
            kind = type(nested.iloc[0]).__name__
            return f"objects of type {kind}. Write each part into a column of its own"
    return None


def _words(values: pd.Series) -> WordColumn:
    codes, words = pd.factorize(values)
    return WordColumn([str(word) for word in words], codes.astype("int32"))
