"""The kind of task that predicts yes or no."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator

from keras_mtl._core.declarations import declaration
from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.tasks._classes import (
    CLASS_METRICS,
    name_classes,
    one_group_per_class,
    plots_of_classes,
)
from keras_mtl.tasks.labels import (
    apply_rule,
    fold_case,
    is_comparison,
    label_column,
    label_words,
    parse_rule,
    sort_words,
)
from keras_mtl.tasks.prediction_sets import ClassSetRule
from keras_mtl.tasks.task import ClassName, Probabilities, Task
from keras_mtl.tasks.threshold_aims import ThresholdAim
from keras_mtl.tasks.two_classes import list_words, positive_class, two_spellings

if TYPE_CHECKING:
    import keras
    import pandas as pd
    import tensorflow as tf
    from matplotlib.axes import Axes

    from keras_mtl.tables.column_store import Rows
    from keras_mtl.tasks.served_answer import ServedAnswer

__all__ = ["BinaryTask"]


@declaration
class BinaryTask(Task):
    """A binary classification task, with one sigmoid output.

    Args:
        name: See `Task`.
        column: See `Task`.
        widths: See `Task`.
        activation: See `Task`.
        loss_weight: See `Task`.
        auxiliary: See `Task`.
        positive: The rule for a positive label: a value (`"yes"`) or a comparison (`">
            0"`). By default a label is positive if it is the second of `classes`.
        classes: The names of the negative and the positive class. By default the two
            values of the column; with a rule, `("no", "yes")`.
        threshold: The smallest probability for which the positive class is predicted.
        threshold_aim: The aim by which the threshold is chosen after training, on
            validation rows, for example `"balanced-accuracy"`, `"sensitivity=0.9"` or
            `"costs=1:5"`; see `keras_mtl.evaluation.parse_aim`. The chosen threshold is
            saved with the model.
        label_smoothing: The share of each label that goes to the other class, from 0 to
            below 1.

    Example:

    >>> import pandas as pd
    >>> task = BinaryTask("heart", column="num", positive="> 0")
    >>> task.encode_labels(pd.DataFrame({"num": [0, 3, None]})).tolist()
    [0.0, 1.0, nan]
    """

    kind: ClassVar[str] = "binary"
    probabilities: ClassVar[Probabilities | None] = "independent"
    metric_directions: ClassVar[Mapping[str, Literal["min", "max"]]] = CLASS_METRICS

    positive: str | None = None
    classes: tuple[ClassName, ClassName] | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    threshold_aim: ThresholdAim | None = None
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @field_validator("positive", mode="before")
    @classmethod
    def _check_rule(cls, value: object) -> object:
        if value is None:
            return value
        if not isinstance(value, str | int | float):
            raise ValueError("expected a value or a comparison, as text")
        parse_rule(str(value))
        return str(value)

    @field_validator("classes")
    @classmethod
    def _check_classes(cls, value: tuple[str, str] | None) -> tuple[str, str] | None:
        if value is not None and value[0].casefold() == value[1].casefold():
            raise ValueError(
                f"expected two classes that differ by more than their case; received "
                f"{list(value)}"
            )
        return value

    @classmethod
    def parse_column(cls, name: str, column: str) -> dict[str, Any]:
        rule = re.search(r"[<>!=]=?", column)
        if rule is None:
            return super().parse_column(name, column)
        return {
            "column": column[: rule.start()].strip() or name,
            "positive": column[rule.start() :].strip(),
        }

    @property
    def word_columns(self) -> tuple[str, ...]:
        numbers = self.positive is not None and is_comparison(self.positive)
        return () if numbers else self.label_columns

    @property
    def units(self) -> int:
        return 1

    @property
    def output_activation(self) -> str:
        return "sigmoid"

    @property
    def class_words(self) -> tuple[str, str]:
        """The names of the negative and the positive class."""
        return self.classes or ("no", "yes")

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.class_words

    def describe(self) -> str:
        negative, positive = self.class_words
        rule = f" where {self.positive}" if self.positive else ""
        return f"{positive}{rule}, or {negative}"

    def resolve(self, frame: Rows, source: str) -> Self:
        values = label_column(frame, self.label_columns[0], self.name, source)
        task = self
        if self.positive is None and self.classes is None:
            task = self.replace(classes=self._find_classes(values, source))
        if errors := task.check_labels(frame, source):
            raise UserError(*errors)
        task._require_both_classes(values, task.encode_labels(frame), source)
        return task

    def _find_classes(self, values: pd.Series, source: str) -> tuple[str, str]:
        where = f"{source}, column {values.name!r}"
        words = two_spellings(label_words(values), where)
        if len(words) == 2:
            positive = positive_class(words)
            return (words[0] if words[1] == positive else words[1]), positive
        mend = (
            f"Say which are positive ({self.name}:binary:{values.name}=={words[-1]}), "
            "or use the kind multiclass"
            if len(words) > 2
            else "Give rows of another, or leave the task out"
        )
        raise UserError(
            f"{where}: binary task {self.name!r} expects two classes. Received: "
            f"{list_words(words)}. {mend}."
        )

    def _require_both_classes(
        self, values: pd.Series, labels: np.ndarray, source: str
    ) -> None:
        counts = [int(np.sum(labels == code)) for code in (0, 1)]
        if 0 not in counts:
            return
        rule, near = "", ""
        if self.positive is not None:
            rule = f" under its rule {self.positive!r}"
            words = sort_words(label_words(values))
            near = did_you_mean(parse_rule(self.positive)[1], words)
        raise UserError(
            f"{source}, column {values.name!r}: binary task {self.name!r} expects rows "
            f"of two classes{rule}. Received: {counts[0]} negative and {counts[1]} "
            f"positive rows.{near} Give rows of both, or leave the task out."
        )

    def encode_labels(self, frame: Rows) -> np.ndarray:
        values = frame[self.label_columns[0]]
        if self.positive is not None:
            return apply_rule(self.positive, values)
        if self.classes is None:
            raise ValueError(
                f"Task {self.name!r} has neither classes nor a rule yet. Call "
                "`resolve` with the data first, or declare one of them."
            )
        codes = {word.casefold(): code for code, word in enumerate(self.classes)}
        return fold_case(label_words(values)).map(codes).to_numpy("float32")

    def label_codes(self, values: np.ndarray, is_part: bool = False) -> np.ndarray:
        from keras_mtl.tasks._label_codes import codes_of_classes, yes_or_no

        return yes_or_no(self, codes_of_classes(self, values), is_part)

    def class_labels(self, frame: Rows) -> dict[str, pd.Series]:
        return name_classes(self, frame)

    def label_groups(self, labels: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        return one_group_per_class(self, labels)

    @property
    def expected_labels(self) -> str:
        if self.positive is None:
            return f"{' or '.join(map(repr, self.class_words))}"
        return f"finite numbers, for its rule {self.positive!r}"

    @property
    def label_vocabulary(self) -> tuple[str, ...]:
        return self.class_words if self.positive is None else ()

    def loss(self) -> keras.losses.Loss:
        from keras_mtl.losses import MaskedBinaryCrossentropy

        return MaskedBinaryCrossentropy(label_smoothing=self.label_smoothing)

    def metrics(self) -> list[keras.metrics.Metric]:
        from keras_mtl.metrics import MaskedAUC, MaskedBinaryAccuracy

        return [
            MaskedBinaryAccuracy(threshold=self.threshold, name="accuracy"),
            MaskedAUC(name="auc"),
        ]

    def decode_labels(self, labels: np.ndarray) -> np.ndarray:
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
        from keras_mtl.metrics import binary_metrics

        return binary_metrics(labels, np.reshape(outputs, (-1,)), self.threshold)

    def chance_outputs(self, labels: np.ndarray) -> np.ndarray | None:
        from keras_mtl.tasks.labels import label_means

        return label_means(np.reshape(labels, (len(labels), -1)))

    def prediction_set_rule(self) -> ClassSetRule:
        return ClassSetRule(self.name, self.class_names)

    def plots(
        self, labels: np.ndarray, outputs: np.ndarray
    ) -> dict[str, Callable[[Axes], None]]:
        from keras_mtl.tasks._plots import plot_confusion

        known = ~np.isnan(labels)
        probability = np.reshape(outputs, (-1,))
        pair = labels[known] == 1, probability[known]
        plots = plots_of_classes(self.name, {"": pair})
        if known.any():
            predictions = (probability >= self.threshold).astype(int)
            plots["confusion"] = partial(
                plot_confusion,
                task=self.name,
                names=self.class_names,
                labels=labels,
                predictions=predictions,
            )
        return plots

    def serve(self, outputs: tf.Tensor) -> ServedAnswer:
        import tensorflow as tf

        from keras_mtl.tasks.served_answer import ServedAnswer, repeat_names

        # One number per row, not a list of one number.
        probability = tf.reshape(outputs, [-1])
        positive = probability >= self.threshold
        return ServedAnswer(
            {
                self.name: probability,
                f"{self.name}_class": tf.gather(
                    tf.constant(self.class_words), tf.cast(positive, tf.int32)
                ),
            },
            classes=repeat_names(self.class_words, outputs),
            scores=tf.stack([1.0 - probability, probability], axis=-1),
        )

    def metadata(self) -> dict[str, Any]:
        described = {**super().metadata(), "threshold": self.threshold}
        if self.threshold_aim is not None:
            described["threshold_aim"] = self.threshold_aim
        if self.positive is not None:
            described["positive"] = self.positive
        return described
