"""Labels of several tasks, as numbers for a linear model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
import pandas as pd

from keras_mtl._core.errors import did_you_mean
from keras_mtl.linear.problem import LinearTask, LossKind

__all__ = ["Target", "TargetKind", "read_targets"]

TargetKind = Literal["binary", "multiclass", "regression"]
LOSSES: dict[str, LossKind] = {
    "binary": "logistic",
    "multiclass": "softmax",
    "regression": "squared",
}


@dataclass(frozen=True)
class Target:
    """A task's labels.

    Attributes:
        name: The task's name.
        kind: The task's kind.
        labels: The labels as numbers, (N,); NaN where missing. Classes are indices.
        classes: The sorted classes; empty for a regression.
        mean: The mean of a regression's labels.
        scale: The standard deviation of a regression's labels; 1 for constant labels.
    """

    name: str
    kind: TargetKind
    labels: np.ndarray
    classes: np.ndarray
    mean: float = 0.0
    scale: float = 1.0

    @property
    def output_names(self) -> list[str]:
        """A name for each output."""
        if self.kind == "multiclass":
            return [f"{self.name}[{each}]" for each in self.classes]
        return [self.name]

    def to_task(self, sample_weight: np.ndarray) -> LinearTask:
        """Return the labels for the loss, which is a mean over the labeled rows.

        Args:
            sample_weight: The weight of each row, (N,).
        """
        known = np.isfinite(self.labels)
        weights = np.where(known, sample_weight, 0.0)
        labels = np.where(known, self.labels, 0.0)
        if self.kind == "regression":
            columns = ((labels - self.mean) / self.scale)[:, None]
        elif self.kind == "binary":
            columns = labels[:, None]
        else:
            columns = np.eye(len(self.classes))[labels.astype(int)]
        return LinearTask(LOSSES[self.kind], columns, weights / weights.sum())


def read_targets(y: Any, kinds: Mapping[str, str] | None) -> list[Target]:
    """Read the labels of several tasks.

    Args:
        y: A dict by task name of labels of shape (N,); or an array of shape (N,) or (N,
            T), whose tasks are named by their columns, "0", "1", .... NaN or None is a
            missing label.
        kinds: The kinds by task name: `"binary"`, `"multiclass"` or `"regression"`. A
            task that is not named is binary if it has two different labels, a
            multi-class task if it has more and they are text, and otherwise a
            regression.

    Raises:
        ValueError: If the labels are invalid. The message has all errors.
    """
    if isinstance(y, Mapping):
        columns = {str(name): np.asarray(values) for name, values in y.items()}
    else:
        array = np.asarray(y)
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2:
            raise ValueError(
                "Invalid value received for argument `y`. Expected labels by task name "
                f"or of shape (N, tasks). Received: shape {array.shape}"
            )
        columns = {str(index): column for index, column in enumerate(array.T)}
    kinds = dict(kinds or {})
    errors = [
        f"Expected kinds of the tasks {', '.join(columns)}. Received: one of {name!r}."
        f"{did_you_mean(name, list(columns))}"
        for name in kinds
        if name not in columns
    ]
    if not columns:
        errors.append("Expected at least one task. Received: none.")
    targets = []
    for name, values in columns.items():
        try:
            targets.append(_read_target(name, values, kinds.get(name)))
        except ValueError as error:
            errors.append(str(error))
    if errors:
        raise ValueError(f"Invalid value received for argument `y`. {' '.join(errors)}")
    return targets


def _read_target(name: str, values: np.ndarray, kind: str | None) -> Target:
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(
            f"Task {name!r}: expected labels of shape (N,). Received: shape "
            f"{values.shape}."
        )
    missing = pd.isna(values)
    present = values[~missing]
    if not len(present):
        raise ValueError(
            f"Task {name!r}: expected a label in some row. Received: none."
        )
    is_text = values.dtype.kind in "OUSb" and not _are_numbers(present)
    if kind is None:
        different = len(pd.unique(present))
        kind = "regression" if not is_text and different != 2 else "multiclass"
        kind = "binary" if different == 2 else kind
    if kind not in get_args(TargetKind):
        raise ValueError(
            f"Task {name!r}: expected a kind among {', '.join(get_args(TargetKind))}. "
            f"Received: {kind!r}.{did_you_mean(str(kind), list(get_args(TargetKind)))}"
        )
    labels = np.full(len(values), np.nan)
    if kind == "regression":
        if is_text:
            raise ValueError(
                f"Task {name!r}: expected numbers. Received: {present[0]!r}."
            )
        numbers = present.astype(float)
        if not np.isfinite(numbers).all():
            raise ValueError(
                f"Task {name!r}: expected finite numbers. Received: an infinite one."
            )
        labels[~missing] = numbers
        scale = float(numbers.std())
        mean = float(numbers.mean())
        return Target(name, "regression", labels, np.empty(0), mean, scale or 1.0)
    classes, indices = np.unique(present, return_inverse=True)
    expected = "two classes" if kind == "binary" else "two or more classes"
    if len(classes) < 2 or (kind == "binary" and len(classes) > 2):
        raise ValueError(
            f"Task {name!r}: expected {expected}. Received: "
            f"{', '.join(map(str, classes[:8]))}."
        )
    labels[~missing] = indices
    return Target(name, cast(TargetKind, kind), labels, classes)


def _are_numbers(values: np.ndarray) -> bool:
    return all(
        isinstance(value, int | float | np.number) and not isinstance(value, bool)
        for value in values
    )
