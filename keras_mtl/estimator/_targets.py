"""The columns of y as tasks, and outputs as labels again."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.errors import UserError
from keras_mtl.tables.column_store import WordColumn

__all__ = ["KINDS", "Target", "learn_targets"]

KINDS = ("binary", "multiclass", "regression")
# Whole numbers with more distinct values than that are quantities.
MAXIMUM_INTEGER_CLASSES = 20
_ODD = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True)
class Target:
    """A column of y.

    Attributes:
        name: The column's name as in y, a text or a number.
        task: The name of the task in the model, made of letters, digits and _.
        kind: One of `KINDS`.
        classes: The classes in the order of the probabilities, as they are in y;
            None for a number.
    """

    name: Hashable
    task: str
    kind: str
    classes: np.ndarray | None = None

    @property
    def text(self) -> str:
        """The column's name as a text, by which the training knows the column."""
        return str(self.name)

    def settings(self) -> dict[str, Any]:
        """Return the task as an entry of `[[tasks]]`."""
        entry: dict[str, Any] = {"kind": self.kind, "name": self.task}
        if self.text != self.task:
            entry["column"] = self.text
        if self.classes is None:
            return entry
        # So the model itself answers in the words of y.
        entry["classes"] = [str(each) for each in self.classes]
        if self.kind == "binary":
            entry["positive"] = "> 0"
        return entry

    def column(self, values: pd.Series) -> np.ndarray | WordColumn:
        """Return the labels as the task reads them; missing ones stay missing."""
        if self.classes is None:
            return values.to_numpy("float64", na_value=np.nan)
        codes = pd.Index(self.classes).get_indexer(pd.Index(values))
        if self.kind == "binary":
            return np.where(codes < 0, np.nan, codes)
        return WordColumn([str(each) for each in self.classes], codes.astype("int32"))

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return the classes' probabilities, (N, classes), from the outputs."""
        if self.kind == "binary":
            return np.column_stack([1 - outputs[:, 0], outputs[:, 0]])
        return outputs

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Return labels as they are in y, (N,), from the outputs."""
        if self.classes is None:
            return outputs[:, 0].astype("float64")
        return self.classes[self.probabilities(outputs).argmax(axis=1)]


def learn_targets(y: pd.DataFrame, kinds: Mapping[Any, str] | None) -> list[Target]:
    """Find what kind of task each column of y is, and its classes.

    Args:
        y: The labels, a column per task.
        kinds: The kinds that are given, by column.

    Raises:
        UserError: With all errors at once.
    """
    kinds = {str(name): kind for name, kind in (kinds or {}).items()}
    known_names = [str(name) for name in y]
    errors = [
        f"kinds[{name!r}]: expected one of the columns of y, {', '.join(known_names)}. "
        f"Received: {name!r}. Correct the name."
        for name in kinds
        if name not in known_names
    ]
    targets: list[Target] = []
    for column, name in zip(y, known_names, strict=True):
        values = y[column].infer_objects()
        known = values.dropna()
        kind = kinds.get(name) or _infer_kind(known)
        if kind not in KINDS:
            errors.append(
                f"kinds[{name!r}]: expected {', '.join(KINDS)}. Received: {kind!r}. "
                "Choose one of them."
            )
            continue
        classes = None if kind == "regression" else _classes(known)
        if not len(known):
            errors.append(
                f"y, column {name!r}: expected labels. Received: {len(values)} empty "
                "rows. Fill some, or leave the column out."
            )
        elif classes is not None and len(classes) < 2:
            errors.append(
                f"y, column {name!r}: expected two or more classes. Received: "
                f"{len(classes)} class. Give rows of other classes, or leave it out."
            )
        elif classes is not None and kind == "binary" and len(classes) > 2:
            errors.append(
                f"y, column {name!r}: expected two classes, as its kind is binary. "
                f"Received: {len(classes)}. Choose the kind multiclass."
            )
        elif kind == "regression" and not pd.api.types.is_numeric_dtype(values.dtype):
            errors.append(
                f"y, column {name!r}: expected numbers, as its kind is regression. "
                "Received: text. Choose the kind multiclass."
            )
        elif kind == "regression" and not np.isfinite(known.to_numpy("float64")).all():
            errors.append(
                f"y, column {name!r}: expected finite numbers, or NaN where a label is "
                "missing. Received: infinity. Replace it."
            )
        task = _task_name(name, {each.task for each in targets})
        targets.append(Target(column, task, kind, classes))
    if errors:
        raise UserError(*errors)
    return targets


def _task_name(column: str, taken: set[str]) -> str:
    """Return a name that the model accepts, such as `mass_g` for `mass (g)`."""
    name = (
        re.sub(r"[^A-Za-z0-9]+", "_", column).strip("_")
        if _ODD.search(column)
        else column
    )
    if not name[:1].isalpha():
        name = f"y_{name}" if name else "y"
    while name in taken:
        name += "_"
    return name


def _infer_kind(known: pd.Series) -> str:
    count = known.nunique()
    is_number = pd.api.types.is_numeric_dtype(known.dtype)
    if is_number and not pd.api.types.is_bool_dtype(known.dtype):
        numbers = known.to_numpy("float64")
        if count > MAXIMUM_INTEGER_CLASSES or (numbers % 1 != 0).any():
            return "regression"
    return "binary" if count <= 2 else "multiclass"


def _classes(known: pd.Series) -> np.ndarray:
    values = np.asarray(known)
    if values.dtype.kind == "f" and (values % 1 == 0).all():
        # Whole numbers that were made floats by the gaps beside them.
        values = values.astype("int64")
    return np.unique(values)
