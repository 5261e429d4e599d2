"""The template of a task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field

from keras_mtl._core.declarations import (
    ActivationName,
    Declaration,
    Name,
    Widths,
    declaration,
)
from keras_mtl.errors import UserError, did_you_mean, gather

if TYPE_CHECKING:
    # A declaration is made and checked before pandas or Keras is loaded.
    import keras
    import pandas as pd
    import tensorflow as tf
    from matplotlib.axes import Axes

    from keras_mtl.tables.column_store import Rows
    from keras_mtl.tasks.prediction_sets import PredictionSetRule
    from keras_mtl.tasks.served_answer import ServedAnswer


__all__ = ["ClassName", "Convert", "Probabilities", "Task"]

Convert = Callable[[np.ndarray], np.ndarray]
Probabilities = Literal["exclusive", "independent"]

# TOML's `classes = [0, 1]` means the words "0" and "1".
ClassName = Annotated[
    str, BeforeValidator(lambda value: str(value) if value is not None else value)
]


@declaration
class Task(Declaration, ABC):
    """One thing to predict. Use one of its kinds.

    A subclass is a kind, and owns all that is special about it: how a flag
    declares it, how labels are encoded, what the head ends in, which loss and
    metrics belong to it, on which side of a metric better lies, how outputs are
    decoded in a file and in the served graph, and what is plotted. See
    `keras_mtl.register_task_kind`.

    Args:
        name: The task's name: its output, its loss, its metrics' prefix and
            its key in the served answer. Letters, digits and `_`.
        column: The label's column. By default the task's name.
        widths: The widths of the head's hidden layers.
        activation: The activation of the head's hidden layers. By default
            the trunk's.
        loss_weight: The factor of the task's loss in the total.
        auxiliary: Whether the task only helps others to learn (Caruana 1997). It
            is trained, weighted and measured, and left out of predictions, of
            the served model, of early stopping and of verdicts.
        set_coverage: The probability that a row's set or interval holds its label,
            which `training.coverage` fills after training.
        set_quantile: The largest score of a label in the set; see
            `prediction_set_rule`. Filled after training, too.
    """

    kind: ClassVar[str]
    # "regression" for a loss that is a squared error, the only loss that the
    # weighting `uncertainty` halves.
    loss_kind: ClassVar[Literal["regression", "classification"]] = "classification"
    # "exclusive" for outputs that are the probabilities of classes that exclude each
    # other, "independent" for those of yes-or-no labels: these can be calibrated.
    probabilities: ClassVar[Probabilities | None] = None
    # For each metric of `measure` on which side better lies. One that is not
    # here, such as a count of rows, is no objective of a search.
    metric_directions: ClassVar[Mapping[str, Literal["min", "max"]]]

    name: Name
    column: str | None = None
    widths: Widths = ()
    activation: ActivationName | None = None
    loss_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    auxiliary: bool = False
    set_coverage: Annotated[float, Field(gt=0, lt=1)] | None = None
    set_quantile: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    @classmethod
    def parse_column(cls, name: str, column: str) -> dict[str, Any]:
        """Reads what stands for COLUMN in `--task NAME:KIND:COLUMN`.

        Args:
            name: The task's name.
            column: The text, `""` where there is none.

        Returns:
            Fields of the declaration as plain values.
        """
        del name
        return {"column": column} if column else {}

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The columns that hold the task's labels."""
        return (self.column or self.name,)

    @property
    def word_columns(self) -> tuple[str, ...]:
        """The label columns that hold words, though they may look like numbers."""
        return self.label_columns

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that exclude each other, in the order of their indices.

        () where labels are no such classes.
        """
        return ()

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names for several outputs that are no classes and no labels.

        () where there is one, or where classes or labels name them.
        """
        return ()

    @property
    def kind_of_head(self) -> tuple[str, ...]:
        """What tasks have in common whose layers, losses and metrics are alike."""
        own = ("name", "column", "loss_weight", "set_coverage", "set_quantile")
        config = {k: v for k, v in self.get_config().items() if k not in own}
        return f"{type(self).__module__}.{type(self).__qualname__}", repr(config)

    def describe(self) -> str:
        """Says in a few words what is special about the task."""
        return ""

    @property
    @abstractmethod
    def units(self) -> int:
        """The number of the head's outputs."""

    @property
    @abstractmethod
    def output_activation(self) -> str:
        """The activation of the head's output layer."""

    def resolve(self, frame: Rows, source: str) -> Self:
        """Fills what was not declared from the data.

        By default it checks that the label columns are there, hold a label
        and hold only labels that the task knows.

        Args:
            frame: The rows, with the task's label columns.
            source: What the messages call the data: a file's name.

        Returns:
            The task with nothing left open.

        Raises:
            UserError: When the labels can't serve; all reasons at once.
        """
        from keras_mtl.tasks.labels import label_column

        errors: list[str] = []
        for column in self.label_columns:
            with gather(errors):
                label_column(frame, column, self.name, source)
        errors = errors or self.check_labels(frame, source)
        if errors:
            raise UserError(*errors)
        return self

    @abstractmethod
    def encode_labels(self, frame: Rows) -> np.ndarray:
        """Turns the label columns into the numbers the loss takes.

        Args:
            frame: The rows, with the task's label columns.

        Returns:
            float32 of shape (N,), or (N, labels); NaN where a label is missing
            or is none that the task knows.
        """

    def label_codes(self, values: np.ndarray, is_part: bool = False) -> np.ndarray:
        """Turns labels that a script passes into the numbers the loss takes.

        By default numbers are taken as they are, and text is refused.

        Args:
            values: The labels as an array, of numbers or of text.
            is_part: Whether they are one batch of many, of which little can be
                concluded.

        Returns:
            Numbers of shape (N,), (N, 1) or (N, labels).

        Raises:
            ValueError: When there is a label that the task does not know. The
                message has the task, the value and its row.
        """
        del is_part
        if values.dtype.kind in "OUS":
            import pandas as pd

            numbers = pd.to_numeric(pd.Series(values.ravel()), errors="coerce")
            text = numbers.isna() & ~pd.isna(pd.Series(values.ravel()))
            if text.any():
                row = int(np.argmax(text))
                raise ValueError(
                    f"Invalid value received for argument `y`. Task {self.name!r} "
                    f"({self.kind}) expects numbers. Received: "
                    f"{values.ravel()[row]!r} in row {row}."
                )
            return numbers.to_numpy("float32").reshape(values.shape)
        return values

    @property
    @abstractmethod
    def expected_labels(self) -> str:
        """What a label may be, in the words of a message."""

    @property
    def label_vocabulary(self) -> tuple[str, ...]:
        """The labels' words; () when they are numbers without a list."""
        return ()

    def check_labels(self, frame: Rows, source: str) -> list[str]:
        """Finds labels that are there and that the task does not know.

        Args:
            frame: The rows, with the task's label columns.
            source: What the messages call the data: a file's name.

        Returns:
            A message for each column that has any.
        """
        from keras_mtl.tables import describe_cells

        codes = np.reshape(self.encode_labels(frame), (len(frame), -1))
        messages = []
        for column, code in zip(self.label_columns, codes.T, strict=True):
            values = frame[column]
            unknown = values[np.isnan(code) & values.notna().to_numpy()]
            if len(unknown):
                near = did_you_mean(str(unknown.iloc[0]), self.label_vocabulary)
                messages.append(
                    f"{source}, column {column!r}: task {self.name!r} expects "
                    f"{self.expected_labels}. Received: "
                    f"{describe_cells(frame, unknown)}.{near} Correct these cells, "
                    "or leave them empty."
                )
        return messages

    def class_labels(self, frame: Rows) -> dict[str, pd.Series]:
        """Returns by label column the classes of the rows, as text.

        A class that few rows have can't be learned and split: `fit` refuses
        it. By default a task has no classes.

        Args:
            frame: The rows, with the task's label columns.

        Returns:
            Series of shape (N,), NaN where the label is missing.
        """
        del frame
        return {}

    def label_groups(self, labels: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        """Gives the groups of rows that both sides of a split should have.

        By default all rows with a label.

        Args:
            labels: Encoded labels, as `encode_labels` gives them.

        Yields:
            The label column, the class's name (`""` for all labels) and which
            rows have it, boolean of shape (N,).
        """
        yield self.label_columns[0], "", ~np.isnan(labels)

    def strata(self, labels: np.ndarray) -> np.ndarray:
        """Returns what splits are stratified by.

        Splits give both sides a like share of each value; of more than 256
        values, or ones with fractions, of each quartile. By default it is the
        labels themselves.

        Args:
            labels: Encoded labels, as `encode_labels` gives them.

        Returns:
            Shape (N,) or (N, columns), NaN where missing.
        """
        return labels

    def learn(self, labels: np.ndarray) -> Self:
        """Returns the task with what it must know of the training labels."""
        del labels
        return self

    def in_common_unit(self, labels: np.ndarray) -> tuple[Self, Convert, Convert]:
        """Returns the task in a unit that does not depend on training labels.

        Networks of several folds are one program where the task that `learn`
        returns is the same in all of them. A kind that learns a unit from the
        labels, as a regression does, gives the task in standard units here.

        Args:
            labels: Training labels.

        Returns:
            The task; a function from labels to that unit; and one from the
            outputs of its head back to the labels' own.
        """
        return self.learn(labels), lambda values: values, lambda outputs: outputs

    @abstractmethod
    def loss(self) -> keras.losses.Loss:
        """The task's loss, which leaves out missing labels."""

    @abstractmethod
    def metrics(self) -> list[keras.metrics.Metric]:
        """New metrics for `compile`, which leave out missing labels."""

    def output_layer(self) -> keras.layers.Layer:
        """The head's last layer, in float32 whatever the policy."""
        import keras

        return keras.layers.Dense(
            self.units,
            activation=self.output_activation,
            dtype="float32",
            name=self.name,
        )

    def temperature_layer(self, temperature: float) -> keras.layers.Layer:
        """The layer that calibrates the outputs of a trained network.

        Only for tasks with `probabilities`.

        Args:
            temperature: What the logits are divided by.

        Returns:
            A layer without weights, from the outputs to ones of the same shape.
        """
        from keras_mtl.layers import TemperatureScaling

        return TemperatureScaling(
            temperature,
            exclusive=self.probabilities == "exclusive",
            # No task's name has a dot.
            name=f"{self.name}.temperature",
        )

    @abstractmethod
    def decode_labels(self, labels: np.ndarray) -> np.ndarray:
        """Turns encoded labels back into the words of the input.

        Args:
            labels: Encoded labels, as `encode_labels` gives them.

        Returns:
            An array of shape (N,); a missing label is an empty string, or NaN
            for a number.
        """

    @abstractmethod
    def decode(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Turns the head's outputs into answers.

        Args:
            outputs: The head's outputs, of shape (N, units).

        Returns:
            The columns of a predictions file, each of shape (N,).
        """

    @abstractmethod
    def measure(self, labels: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Scores outputs against labels; rows without a label are left out.

        Args:
            labels: Encoded labels, as `encode_labels` gives them.
            outputs: The head's outputs, of shape (N, units).

        Returns:
            The metrics by name. One that the rows do not define, such as an
            AUC over one class, is left out.
        """

    def chance_outputs(self, labels: np.ndarray) -> np.ndarray | None:
        """Returns the outputs that a model without features would always give.

        Their metrics are the chance values from which an evaluation counts
        skill. By default they are not known.

        Args:
            labels: Encoded training labels, as `encode_labels` gives them.

        Returns:
            The outputs of one row, of shape (units,), or None.
        """
        del labels
        return None

    def prediction_set_rule(self) -> PredictionSetRule | None:
        """Returns how sets or intervals with a stated coverage are made.

        By default a kind has none.
        """
        return None

    def decode_sets(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the columns of a predictions file with the rows' sets.

        Args:
            outputs: The head's outputs, of shape (N, units).

        Returns:
            Arrays of shape (N,); none where no quantile was learned.
        """
        rule = self.prediction_set_rule()
        if rule is None or self.set_quantile is None:
            return {}
        return rule.decode(outputs, self.set_quantile)

    def serve_sets(self, outputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns what `decode_sets` does, inside the served graph."""
        rule = self.prediction_set_rule()
        if rule is None or self.set_quantile is None:
            return {}
        return rule.serve(outputs, self.set_quantile)

    def plots(
        self, labels: np.ndarray, outputs: np.ndarray
    ) -> dict[str, Callable[[Axes], None]]:
        """Returns the plots of held-out rows, beside the learning curve.

        Args:
            labels: Encoded labels, as `encode_labels` gives them.
            outputs: The head's outputs, of shape (N, units).

        Returns:
            By what is added to the task's name for the file (`"roc"`), a
            function that draws on matplotlib's axes. A plot that the rows do
            not define is left out.
        """
        del labels, outputs
        return {}

    def serve(self, outputs: tf.Tensor) -> ServedAnswer:
        """Turns the head's outputs into a served answer, inside the graph.

        By default a number for each row, or a list of numbers, under the
        task's name; a regress request gets a single number too.

        Args:
            outputs: The head's outputs, float32 of shape (N, units).
        """
        import tensorflow as tf

        from keras_mtl.tasks.served_answer import ServedAnswer

        if self.units > 1:
            return ServedAnswer({self.name: outputs})
        value = tf.reshape(outputs, [-1])
        return ServedAnswer({self.name: value}, value=value)

    def metadata(self) -> dict[str, Any]:
        """Returns what clients of the served model must know, as plain values.

        By default the fields that say what outputs mean: classes, labels,
        threshold and rule, as far as the kind has them.
        """
        described: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "columns": list(self.label_columns),
        }
        if self.class_names:
            described["classes"] = list(self.class_names)
        if self.set_quantile is not None:
            described["set_coverage"] = self.set_coverage
            described["set_quantile"] = self.set_quantile
        return described
