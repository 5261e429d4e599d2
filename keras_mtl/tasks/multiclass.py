"""The kind of task that predicts one of several classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator

from keras_mtl._core.declarations import declaration
from keras_mtl.errors import UserError, warn_of_data
from keras_mtl.tables.text_values import alike_words, spelling
from keras_mtl.tasks._classes import (
    CLASS_METRICS,
    name_classes,
    one_group_per_class,
    plots_of_classes,
)
from keras_mtl.tasks.labels import label_column, label_words, sort_words
from keras_mtl.tasks.prediction_sets import ClassSetRule
from keras_mtl.tasks.task import ClassName, Probabilities, Task

if TYPE_CHECKING:
    import keras
    import pandas as pd
    import tensorflow as tf
    from matplotlib.axes import Axes

    from keras_mtl.tables.column_store import Rows
    from keras_mtl.tasks.served_answer import ServedAnswer

__all__ = ["MulticlassTask"]


@declaration
class MulticlassTask(Task):
    """A multi-class task: one of several classes, with a softmax output.

    Args:
        name: See `Task`.
        column: See `Task`.
        widths: See `Task`.
        activation: See `Task`.
        loss_weight: See `Task`.
        auxiliary: See `Task`.
        classes: The classes, in the order of the outputs. By default the values of the
            column, sorted.
        label_smoothing: The share of each label that is spread over all classes.

    Example:

    >>> import pandas as pd
    >>> task = MulticlassTask("thal", classes=("normal", "fixed", "reversible"))
    >>> task.encode_labels(pd.DataFrame({"thal": ["fixed", None]})).tolist()
    [1.0, nan]
    """

    kind: ClassVar[str] = "multiclass"
    probabilities: ClassVar[Probabilities | None] = "exclusive"
    metric_directions: ClassVar[Mapping[str, Literal["min", "max"]]] = CLASS_METRICS

    classes: tuple[ClassName, ...] | None = None
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @field_validator("classes")
    @classmethod
    def _check_classes(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and (len(value) < 2 or len(set(value)) < len(value)):
            raise ValueError(
                f"expected two or more distinct classes; received {list(value)}"
            )
        return value

    @property
    def units(self) -> int:
        return len(self._known_classes())

    @property
    def has_known_units(self) -> bool:
        return self.classes is not None

    @property
    def output_activation(self) -> str:
        return "softmax"

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.classes or ()

    def describe(self) -> str:
        return ", ".join(self.classes or ())

    def resolve(self, frame: Rows, source: str) -> Self:
        values = label_column(frame, self.label_columns[0], self.name, source)
        words = label_words(values)
        found = sort_words(words)
        where = f"{source}, column {values.name!r}"
        if len(found) < 2:
            raise UserError(
                f"{where}: multiclass task {self.name!r} expects two or more classes. "
                f"Received: one, {found[0]!r}. Give rows of other classes, or leave "
                "the task out."
            )
        if self.classes is None:
            _refuse_a_class_a_row(found, words, self.name, where)
            _warn_of_case(found, where)
            return self.replace(classes=tuple(found))
        if errors := self.check_labels(frame, source):
            raise UserError(*errors)
        if absent := [word for word in self.classes if word not in found]:
            warn_of_data(
                f"{where}: no row has the class {', '.join(map(repr, absent))} of task "
                f"{self.name!r}; it will hardly ever be answered."
            )
        return self

    def encode_labels(self, frame: Rows) -> np.ndarray:
        codes = {word: float(i) for i, word in enumerate(self._known_classes())}
        words = label_words(frame[self.label_columns[0]])
        return words.map(codes).to_numpy("float32")

    def label_codes(self, values: np.ndarray, is_part: bool = False) -> np.ndarray:
        from keras_mtl.tasks._label_codes import class_indices, codes_of_classes

        return class_indices(self, codes_of_classes(self, values))

    def class_labels(self, frame: Rows) -> dict[str, pd.Series]:
        return name_classes(self, frame)

    def label_groups(self, labels: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        return one_group_per_class(self, labels)

    @property
    def expected_labels(self) -> str:
        return f"one of the classes {', '.join(map(repr, self._known_classes()))}"

    @property
    def label_vocabulary(self) -> tuple[str, ...]:
        return self._known_classes()

    def loss(self) -> keras.losses.Loss:
        from keras_mtl.losses import MaskedCategoricalCrossentropy

        return MaskedCategoricalCrossentropy(label_smoothing=self.label_smoothing)

    def metrics(self) -> list[keras.metrics.Metric]:
        from keras_mtl.metrics import MaskedAUC, MaskedCategoricalAccuracy

        return [
            MaskedCategoricalAccuracy(name="accuracy"),
            MaskedAUC(outputs=self.units, one_hot=True, name="auc"),
        ]

    def decode_labels(self, labels: np.ndarray) -> np.ndarray:
        words = np.asarray([*self._known_classes(), ""], dtype=object)
        return words[np.where(np.isnan(labels), self.units, labels).astype(int)]

    def decode(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        classes = self._known_classes()
        words = np.asarray(classes, dtype=object)
        columns = {f"{self.name}_class": words[np.argmax(outputs, axis=-1)]}
        for index, word in enumerate(classes):
            columns[f"{self.name}_probability[{word}]"] = outputs[:, index]
        return columns

    def measure(self, labels: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        from keras_mtl.metrics import multiclass_metrics

        return multiclass_metrics(labels, outputs)

    def chance_outputs(self, labels: np.ndarray) -> np.ndarray | None:
        from keras_mtl.tasks.labels import label_means

        one_hot = np.equal.outer(labels, np.arange(self.units)).astype("float64")
        one_hot[np.isnan(labels)] = np.nan
        return label_means(one_hot)

    def prediction_set_rule(self) -> ClassSetRule:
        return ClassSetRule(self.name, self.class_names)

    def plots(
        self, labels: np.ndarray, outputs: np.ndarray
    ) -> dict[str, Callable[[Axes], None]]:
        from keras_mtl.tasks._plots import plot_confusion

        known = ~np.isnan(labels)
        columns = {
            name: (labels[known] == code, outputs[known, code])
            for code, name in enumerate(self.class_names)
        }
        plots = plots_of_classes(self.name, columns)
        if known.any():
            plots["confusion"] = partial(
                plot_confusion,
                task=self.name,
                names=self.class_names,
                labels=labels,
                predictions=outputs.argmax(axis=1),
            )
        return plots

    def serve(self, outputs: tf.Tensor) -> ServedAnswer:
        import tensorflow as tf

        from keras_mtl.tasks.served_answer import ServedAnswer, repeat_names

        names = tf.gather(tf.constant(self.class_names), tf.argmax(outputs, axis=-1))
        return ServedAnswer(
            {self.name: outputs, f"{self.name}_class": names},
            classes=repeat_names(self.class_names, outputs),
            scores=outputs,
        )

    def _known_classes(self) -> tuple[str, ...]:
        if self.classes is None:
            raise ValueError(
                f"The classes of task {self.name!r} are not known yet. Call "
                "`resolve` with the data first, or declare them: classes=(...)."
            )
        return self.classes


def _refuse_a_class_a_row(
    found: list[str], words: pd.Series, task: str, where: str
) -> None:
    labeled = int(words.notna().sum())
    if len(found) > 20 and len(found) > labeled / 5:
        raise UserError(
            f"{where}: multiclass task {task!r} expects a class in several rows. "
            f"Received: {len(found)} distinct values in {labeled} labeled rows. Use "
            "the kind regression for numbers, or declare the classes."
        )


def _warn_of_case(found: list[str], where: str) -> None:
    spelled: dict[str, list[str]] = {}
    for word in found:
        spelled.setdefault(spelling(word), []).append(word)
    for words in spelled.values():
        if len(words) > 1:
            warn_of_data(
                f"{where}: {alike_words(words)} and were kept as different classes."
            )
