"""Checks of the forms and the range of class labels from a script."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.errors import did_you_mean

__all__ = ["class_indices", "codes_of_classes", "yes_or_no"]

# The largest share of yes-or-no labels for which -1 means missing. A more frequent -1
# is probably the code of a class.
MISSING_SHARE = 0.5


def codes_of_classes(task: Any, values: np.ndarray) -> np.ndarray:
    """Convert class names and one-hot rows to class indices; keep indices.

    Args:
        task: A task with `class_names`.
        values: Labels of shape (N,), (N, 1) or one-hot (N, classes).

    Raises:
        ValueError: If a name is not that of a class, or a row is not one-hot.
    """
    classes = task.class_names
    if values.ndim == 2 and values.shape[1] == len(classes) > 1:
        return _codes_of_one_hot(task, values)
    if values.dtype.kind not in "OUS":
        return values
    flat = pd.Series(values.ravel(), dtype=object)
    if flat.map(lambda value: isinstance(value, bytes)).any():
        flat = flat.map(
            lambda value: value.decode() if isinstance(value, bytes) else value
        )
    texts = flat.map(lambda value: isinstance(value, str))
    if not texts.any():
        return flat.astype("float32").to_numpy().reshape(values.shape)
    words = flat.mask(flat.isna()).map(
        lambda value: str(value).strip(), na_action="ignore"
    )
    codes = words.map({name: float(code) for code, name in enumerate(classes)})
    unknown = codes.isna() & words.notna()
    if unknown.any():
        row = int(np.argmax(unknown))
        raise ValueError(
            f"{_expects(task)} {', '.join(map(repr, classes))}, or their indices. "
            f"Received: {words[row]!r} in row {row}{_others(unknown)}."
            f"{did_you_mean(words[row], classes)} Correct the labels, or declare the "
            f"task as {type(task).__name__}({task.name!r}, classes=(...))."
        )
    return codes.to_numpy("float32").reshape(values.shape)


def class_indices(task: Any, codes: np.ndarray) -> np.ndarray:
    """Check that class indices are those of the task's classes or missing.

    Args:
        task: A task with `class_names`.
        codes: Class indices, (N,); NaN or -1 is missing.

    Raises:
        ValueError: If a label is any other number.
    """
    count = len(task.class_names)
    flat = np.ravel(codes)
    bad = (flat < -1) | (flat >= count) | ((flat > -1) & (flat != np.floor(flat)))
    if bad.any():
        row = int(np.argmax(bad))
        known = flat[~np.isnan(flat)] if flat.dtype.kind == "f" else flat
        hint = ""
        if known.max() == count and known.min() == 1:
            hint = " Indices count from 0: subtract 1."
        raise ValueError(
            f"{_expects(task)} class indices from 0 to {count - 1}, and NaN or -1 for "
            f"a missing label. Received: {flat[row]:g} in row {row}{_others(bad)}."
            f"{hint}"
        )
    return codes


def yes_or_no(task: Any, codes: np.ndarray, is_part: bool = False) -> np.ndarray:
    """Check that yes-or-no labels are from 0 to 1 or missing.

    Args:
        task: The task.
        codes: Labels from 0 to 1; NaN or -1 is missing.
        is_part: Whether the labels are one batch of many, so that absent labels have no
            meaning.

    Raises:
        ValueError: If a label is any other number, or -1 is probably a class.
    """
    if codes.dtype.kind == "b":
        return codes
    rows = codes.reshape(len(codes), -1)
    bad = ((rows < 0) & (rows != -1)) | (rows > 1)
    if bad.any():
        row = int(np.argmax(bad.any(axis=1)))
        value = rows[row][bad[row]][0]
        raise ValueError(
            f"{_expects(task)} 0 and 1, and NaN for a missing label. Received: "
            f"{value:g} in row {row}{_others(bad)}."
        )
    missing = rows == -1
    if is_part or not missing.any():
        return codes
    hidden = missing.mean(axis=0)
    # Labels with the codes -1 and +1 contain no 0.
    no_zero = (rows == 1).any(axis=0) & ~(rows == 0).any(axis=0)
    suspect = (hidden >= MISSING_SHARE) | (no_zero & missing.any(axis=0))
    if suspect.any():
        row = int(np.argmax(missing[:, suspect].any(axis=1)))
        raise ValueError(
            f"{_expects(task)} 0 and 1, and NaN for a missing label. Received: -1 in "
            f"row {row}{_others(missing[:, suspect])}. If -1 is a class, pass 0 in its "
            "place. If it is a missing label, pass NaN."
        )
    return codes


def _codes_of_one_hot(task: Any, values: np.ndarray) -> np.ndarray:
    rows = values.astype("float32")
    missing = np.isnan(rows).any(axis=1)
    one_hot = np.isin(rows, (0, 1)).all(axis=1) & (rows.sum(axis=1) == 1)
    bad = ~one_hot & ~missing
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"{_expects(task)} one-hot rows of {len(task.class_names)} columns. "
            f"Received: {rows[row].tolist()} in row {row}{_others(bad)}."
        )
    return np.where(missing, np.nan, rows.argmax(axis=1)).astype("float32")


def _expects(task: Any) -> str:
    return (
        f"Invalid value received for argument `y`. Task {task.name!r} ({task.kind}) "
        "expects"
    )


def _others(bad: Any) -> str:
    more = int(np.sum(np.asarray(bad).reshape(len(bad), -1).any(axis=1))) - 1
    return f", and as bad in {more} more" if more else ""
