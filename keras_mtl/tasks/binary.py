"""Yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from pydantic import BeforeValidator, Field, field_validator

from keras_mtl.declarations import declaration
from keras_mtl.errors import UserError
from keras_mtl.tasks.labels import (
    apply_rule,
    label_column,
    label_words,
    parse_rule,
    sort_words,
)
from keras_mtl.tasks.task import Task

if TYPE_CHECKING:
    import keras
    import pandas as pd

__all__ = ["BinaryTask", "ClassName", "positive_class"]

# TOML's `classes = [0, 1]` means the words "0" and "1".
ClassName = Annotated[
    str, BeforeValidator(lambda value: str(value) if value is not None else value)
]

_POSITIVE_WORDS = frozenset(
    {"1", "true", "t", "yes", "y", "positive", "pos", "present", "disease", "on"}
)


@declaration
class BinaryTask(Task):
    """A task with two answers and one sigmoid output.

    Args:
        name: See `Task`.
        column: See `Task`.
        widths: See `Task`.
        activation: See `Task`.
        loss_weight: See `Task`.
        positive: The rule for a positive label: a value (`"yes"`) or a
            comparison (`"> 0"`). By default the second of `classes`.
        classes: The words for the negative and the positive answer. By
            default those of the data; with a rule, `("no", "yes")`.
        threshold: The probability from which on the answer is positive.
        label_smoothing: The part of each label given to the other class.

    Example:

    >>> import pandas as pd
    >>> task = BinaryTask("heart", column="num", positive="> 0")
    >>> task.encode_labels(pd.DataFrame({"num": [0, 3, None]})).tolist()
    [0.0, 1.0, nan]
    """

    kind: ClassVar[str] = "binary"

    positive: str | None = None
    classes: tuple[ClassName, ClassName] | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @field_validator("positive", mode="before")
    @classmethod
    def _check_rule(cls, value: object) -> object:
        if value is None:
            return value
        parse_rule(str(value))
        return str(value)

    @property
    def units(self) -> int:
        return 1

    @property
    def output_activation(self) -> str:
        return "sigmoid"

    @property
    def class_words(self) -> tuple[str, str]:
        """The negative and the positive answer's words."""
        return self.classes or ("no", "yes")

    def describe(self) -> str:
        negative, positive = self.class_words
        rule = f" where {self.positive}" if self.positive else ""
        return f"{positive}{rule}, or {negative}"

    def resolve(self, frame: pd.DataFrame, source: str) -> Self:
        values = label_column(frame, self.label_columns[0], self.name, source)
        task = self
        if self.positive is None:
            words = sort_words(label_words(values))
            if self.classes is None:
                if len(words) > 2:
                    raise UserError(
                        f"{source}: binary task {self.name!r} expects two classes in "
                        f"column {values.name!r}; found {len(words)}: "
                        f"{', '.join(words[:6])}{', ...' if len(words) > 6 else ''}. "
                        f"Say which are positive ({self.name}:binary:"
                        f"{values.name}=={words[-1]}), or use the kind multiclass."
                    )
                task = self.replace(classes=_order_classes(words))
            elif unknown := [word for word in words if word not in self.classes]:
                raise UserError(
                    f"{source}: task {self.name!r} expects the classes "
                    f"{', '.join(self.classes)} in column {values.name!r}; found "
                    f"also {', '.join(unknown[:6])}. Declare or clear them."
                )
        _require_both_classes(task.encode_labels(frame), task, values, source)
        return task

    def encode_labels(self, frame: pd.DataFrame) -> np.ndarray:
        values = frame[self.label_columns[0]]
        if self.positive is not None:
            return apply_rule(self.positive, values, self.name, "data")
        if self.classes is None:
            raise ValueError(
                f"Task {self.name!r} has neither classes nor a rule yet. Call "
                "`resolve` with the data first, or declare one of them."
            )
        words = label_words(values)
        codes = words.map({self.classes[0]: 0.0, self.classes[1]: 1.0})
        return codes.to_numpy("float32")

    def loss(self) -> keras.losses.Loss:
        from keras_mtl.losses import MaskedBinaryCrossentropy

        return MaskedBinaryCrossentropy(label_smoothing=self.label_smoothing)

    def metrics(self) -> list[keras.metrics.Metric]:
        from keras_mtl.metrics import MaskedAUC, MaskedBinaryAccuracy

        return [
            MaskedBinaryAccuracy(threshold=self.threshold, name="accuracy"),
            MaskedAUC(name="auc"),
        ]

    def label_answers(self, labels: np.ndarray) -> np.ndarray:
        words = np.asarray([*self.class_words, ""], dtype=object)
        return words[np.where(np.isnan(labels), 2, labels).astype(int)]

    def decode(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        probability = np.reshape(outputs, (-1,))
        words = np.asarray(self.class_words, dtype=object)
        return {
            f"{self.name}_class": words[(probability >= self.threshold).astype(int)],
            f"{self.name}_probability": probability,
        }

    def measure(self, labels: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        from keras_mtl.metrics import binary_measures

        return binary_measures(labels, np.reshape(outputs, (-1,)), self.threshold)


def positive_class(words: list[str]) -> str:
    """Chooses the positive one of two words: a known one, else the last."""
    known = [word for word in words if word.lower() in _POSITIVE_WORDS]
    return known[0] if len(known) == 1 else words[-1]


def _order_classes(words: list[str]) -> tuple[str, str] | None:
    if len(words) < 2:
        # One class alone: `_require_both_classes` reports it by its word.
        return (words[0], words[0])
    positive = positive_class(words)
    negative = words[0] if words[1] == positive else words[1]
    return negative, positive


def _require_both_classes(
    labels: np.ndarray, task: Task, values: pd.Series, source: str
) -> None:
    counts = [int(np.sum(labels == code)) for code in (0, 1)]
    if 0 in counts:
        rule = f" under the rule {task.positive!r}" if task.positive else ""  # type: ignore[attr-defined]
        raise UserError(
            f"{source}: binary task {task.name!r} expects two classes in column "
            f"{values.name!r}; found one{rule}: {counts[0]} negative and "
            f"{counts[1]} positive rows. Give rows of both, or leave the task out."
        )
