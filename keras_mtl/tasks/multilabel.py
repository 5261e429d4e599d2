"""The kind of task that predicts several yes-or-no labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from keras_mtl._core.declarations import declaration
from keras_mtl.errors import UserError, gather
from keras_mtl.tasks._classes import CLASS_METRICS, plots_of_classes
from keras_mtl.tasks.labels import fold_case, label_column, label_words
from keras_mtl.tasks.prediction_sets import LabelSetRule
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

__all__ = ["MultilabelTask"]

# The separator of the labels of one row in a predictions file.
LABEL_SEPARATOR = "|"


@declaration
class MultilabelTask(Task):
    """A task of N yes-or-no labels with N sigmoid outputs.

    The loss is the sum of the labels' binary cross-entropies. Each label has its own
    column. In a row, some labels may be missing and others not.

    Args:
        name: See `Task`.
        column: Not used: the labels are the columns.
        widths: See `Task`.
        activation: See `Task`.
        loss_weight: See `Task`.
        auxiliary: See `Task`.
        labels: The label columns, in the order of the outputs.
        threshold: The smallest probability for which a label is predicted.
        threshold_aim: See `BinaryTask`. One threshold is chosen for all labels
            together.
        label_smoothing: The share of each label that goes to its opposite.
        positives: The value that means yes in each column. Filled by `resolve`.

    Example:

    >>> import pandas as pd
    >>> task = MultilabelTask("finding", labels=("fever", "cough"))
    >>> frame = pd.DataFrame({"fever": [0, 1], "cough": ["yes", "no"]})
    >>> task.resolve(frame, "a.csv").encode_labels(frame).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """

    kind: ClassVar[str] = "multilabel"
    probabilities: ClassVar[Probabilities | None] = "independent"
    metric_directions: ClassVar[Mapping[str, Literal["min", "max"]]] = {
        **CLASS_METRICS,
        "subset_accuracy": "max",
    }

    labels: tuple[str, ...] = ()
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    threshold_aim: ThresholdAim | None = None
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    positives: tuple[ClassName, ...] | None = None

    @field_validator("labels")
    @classmethod
    def _check_labels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) < len(value):
            raise ValueError(
                "expected the names of one or more distinct columns, such as "
                f"labels = ['fever', 'cough']; received {list(value)}"
            )
        return value

    @field_validator("positives")
    @classmethod
    def _check_positives(
        cls, value: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        labels = info.data.get("labels")
        if value is not None and labels and len(value) != len(labels):
            raise ValueError(
                f"expected a word for each of the {len(labels)} labels; received "
                f"{list(value)}"
            )
        return value

    @classmethod
    def parse_column(cls, name: str, column: str) -> dict[str, Any]:
        del name
        return {"labels": [label.strip() for label in column.split(",") if label]}

    @property
    def label_columns(self) -> tuple[str, ...]:
        return self.labels

    def describe(self) -> str:
        return ", ".join(self.labels)

    @property
    def units(self) -> int:
        return len(self.labels)

    @property
    def output_activation(self) -> str:
        return "sigmoid"

    def resolve(self, frame: Rows, source: str) -> Self:
        errors: list[str] = []
        positives: list[str] = []
        for label in self.labels:
            with gather(errors):
                positives.append(self._find_positive(frame, label, source))
        if errors:
            raise UserError(*errors)
        return self.replace(positives=self.positives or tuple(positives))

    def _find_positive(self, frame: Rows, label: str, source: str) -> str:
        values = label_column(frame, label, self.name, source)
        words = two_spellings(label_words(values), f"{source}, column {label!r}")
        if len(words) != 2:
            raise UserError(
                f"{source}, column {label!r}: multilabel task {self.name!r} expects "
                f"two values, such as 0 and 1. Received: {list_words(words)}. Correct "
                "the column, or leave it out of the task's labels."
            )
        return positive_class(words)

    def encode_labels(self, frame: Rows) -> np.ndarray:
        if self.positives is None:
            raise ValueError(
                f"The words for yes in task {self.name!r} are not known yet. Call "
                "`resolve` with the data first."
            )
        columns = []
        for label, positive in zip(self.labels, self.positives, strict=True):
            words = label_words(frame[label])
            yes = fold_case(words) == positive.casefold()
            columns.append(np.where(words.isna(), np.nan, yes))
        return np.stack(columns, axis=1).astype("float32")

    def label_codes(self, values: np.ndarray, is_part: bool = False) -> np.ndarray:
        from keras_mtl.tasks._label_codes import yes_or_no

        return yes_or_no(self, super().label_codes(values), is_part)

    def class_labels(self, frame: Rows) -> dict[str, pd.Series]:
        return {label: label_words(frame[label]) for label in self.labels}

    def label_groups(self, labels: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        for column, values in zip(self.labels, labels.T, strict=True):
            yield column, "no", values == 0
            yield column, "yes", values == 1

    @property
    def expected_labels(self) -> str:
        return "yes-or-no words"

    def loss(self) -> keras.losses.Loss:
        from keras_mtl.losses import MaskedSummedBinaryCrossentropy

        return MaskedSummedBinaryCrossentropy(label_smoothing=self.label_smoothing)

    def metrics(self) -> list[keras.metrics.Metric]:
        from keras_mtl.metrics import MaskedAUC, MaskedBinaryAccuracy

        return [
            MaskedBinaryAccuracy(threshold=self.threshold, name="accuracy"),
            MaskedAUC(outputs=self.units, name="auc"),
        ]

    def decode_labels(self, labels: np.ndarray) -> np.ndarray:
        # A row with a missing label has no complete label to compare with.
        known = ~np.isnan(labels).any(axis=1)
        return np.where(known, _join_labels(labels > 0.5, self.labels), "")

    def decode(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        given = outputs >= self.threshold
        columns = {f"{self.name}_class": _join_labels(given, self.labels)}
        for index, label in enumerate(self.labels):
            columns[f"{self.name}_probability[{label}]"] = outputs[:, index]
        return columns

    def measure(self, labels: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        from keras_mtl.metrics import multilabel_metrics

        return multilabel_metrics(labels, outputs, self.threshold)

    def chance_outputs(self, labels: np.ndarray) -> np.ndarray | None:
        from keras_mtl.tasks.labels import label_means

        return label_means(np.reshape(labels, (len(labels), -1)))

    def prediction_set_rule(self) -> LabelSetRule:
        return LabelSetRule(self.name, self.labels)

    def plots(
        self, labels: np.ndarray, outputs: np.ndarray
    ) -> dict[str, Callable[[Axes], None]]:
        columns = {}
        for index, label in enumerate(self.labels):
            known = ~np.isnan(labels[:, index])
            columns[label] = labels[known, index] == 1, outputs[known, index]
        return plots_of_classes(self.name, columns)

    def serve(self, outputs: tf.Tensor) -> ServedAnswer:
        import tensorflow as tf

        from keras_mtl.tasks.served_answer import ServedAnswer, repeat_names

        labels = repeat_names(self.labels, outputs)
        given = tf.ragged.boolean_mask(labels, outputs >= self.threshold)
        return ServedAnswer(
            {
                self.name: outputs,
                f"{self.name}_class": tf.strings.reduce_join(
                    given, axis=-1, separator=LABEL_SEPARATOR
                ),
            },
            classes=labels,
            scores=outputs,
        )

    def metadata(self) -> dict[str, Any]:
        described = {
            **super().metadata(),
            "labels": list(self.labels),
            "threshold": self.threshold,
        }
        if self.threshold_aim is not None:
            described["threshold_aim"] = self.threshold_aim
        return described


def _join_labels(given: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    words = np.asarray(labels, dtype=object)
    return np.asarray([LABEL_SEPARATOR.join(words[row]) for row in given], object)
