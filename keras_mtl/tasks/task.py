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
    # Declarations are created and checked before pandas or Keras is loaded.
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
    """Base class of tasks, each of which is one thing to predict.

    Use a subclass: `BinaryTask`, `MulticlassTask`, `MultilabelTask` or
    `RegressionTask`. A subclass defines everything that is special about its kind: how
    a flag declares the task, how labels are encoded, the output layer, the loss, the
    metrics and whether higher is better, how predictions are decoded in files and in
    the served graph, and the plots. `keras_mtl.register_task_kind` adds a kind.

    Args:
        name: The name of the task, of letters, digits and `_`. It names the output of
            the model and the loss, and it is the prefix of the metrics and of the
            served outputs.
        column: The label column. By default the name of the task.
        widths: The widths of the head's hidden layers.
        activation: The activation of the head's hidden layers. By default the
            activation of the trunk.
        loss_weight: The factor of the task's loss in the total.
        auxiliary: Whether the task only helps the other tasks to learn (Caruana 1997).
            An auxiliary task is trained, weighted and measured. It is left out of
            predictions, the served model, early stopping and verdicts.
        set_coverage: The probability that the prediction set or interval of a row
            contains its label. Filled after training if `training.coverage` is set.
        set_quantile: The largest score of a label in a set; see `prediction_set_rule`.
            Also filled after training.
    """

    kind: ClassVar[str]
    # "regression" for a squared error, the only loss that the weighting `uncertainty`
    # halves.
    loss_kind: ClassVar[Literal["regression", "classification"]] = "classification"
    # "exclusive" for probabilities of exclusive classes, "independent" for
    # probabilities of yes-or-no labels: these outputs can be calibrated.
    probabilities: ClassVar[Probabilities | None] = None
    # The direction of each metric of `measure`. A metric without a direction, such as a
    # count of rows, cannot be the objective of a search.
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
        """Parse the text after the kind in `--task NAME:KIND:COLUMN`.

        Args:
            name: The task's name.
            column: The text; `""` if the flag has none.

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
        """The label columns that are read as text, even if they look like numbers."""
        return self.label_columns

    @property
    def class_names(self) -> tuple[str, ...]:
        """The mutually exclusive classes, in the order of their indices.

        Empty if the task has no such classes.
        """
        return ()

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of outputs that are neither classes nor labels.

        Empty if there is one output, or if classes or labels name the outputs.
        """
        return ()

    @property
    def kind_of_head(self) -> tuple[str, ...]:
        """A key that is equal for tasks with equal layers, losses and metrics."""
        own = ("name", "column", "loss_weight", "set_coverage", "set_quantile")
        config = {k: v for k, v in self.get_config().items() if k not in own}
        return f"{type(self).__module__}.{type(self).__qualname__}", repr(config)

    def describe(self) -> str:
        """Describe the task's special properties in a few words."""
        return ""

    @property
    @abstractmethod
    def units(self) -> int:
        """The number of the head's outputs."""

    @property
    def has_known_units(self) -> bool:
        """Whether `units` is known before the task is resolved."""
        return True

    @property
    @abstractmethod
    def output_activation(self) -> str:
        """The activation of the head's output layer."""

    def resolve(self, frame: Rows, source: str) -> Self:
        """Fill the fields that were not declared from the data.

        By default it checks that the label columns exist, that they have at least one
        label, and that the task knows all labels.

        Args:
            frame: The rows, with the task's label columns.
            source: The name of the data in error messages, such as a file name.

        Returns:
            The task with all fields filled.

        Raises:
            UserError: If the labels cannot be used, with all reasons at once.
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
        """Encode the label columns as numbers for the loss.

        Args:
            frame: The rows, with the task's label columns.

        Returns:
            float32 of shape (N,), or (N, labels); NaN where a label is missing or
            unknown to the task.
        """

    def label_codes(self, values: np.ndarray, is_part: bool = False) -> np.ndarray:
        """Encode labels that a script passes as numbers for the loss.

        By default numbers are returned unchanged, and text raises an error.

        Args:
            values: The labels as an array, of numbers or of text.
            is_part: Whether the labels are only one batch of many, so that the kind of
                encoding cannot be inferred from them.

        Returns:
            Numbers of shape (N,), (N, 1) or (N, labels).

        Raises:
            ValueError: If the task does not know a label. The message names the task,
                the label and its row.
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
        """The valid labels, as text for error messages."""

    @property
    def label_vocabulary(self) -> tuple[str, ...]:
        """The names of the labels; empty if labels are numbers."""
        return ()

    def check_labels(self, frame: Rows, source: str) -> list[str]:
        """Find labels that the task does not know.

        Args:
            frame: The rows, with the task's label columns.
            source: The name of the data in error messages, such as a file name.

        Returns:
            One message per column that has unknown labels.
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
        """Return the classes of the rows as text, by label column.

        `fit` refuses classes with too few rows to split and to learn. By default a task
        has no classes.

        Args:
            frame: The rows, with the task's label columns.

        Returns:
            Series of shape (N,), NaN where the label is missing.
        """
        del frame
        return {}

    def label_groups(self, labels: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        """Yield the groups of rows that both sides of a split should contain.

        By default the only group is all rows that have a label.

        Args:
            labels: Encoded labels, as returned by `encode_labels`.

        Yields:
            The label column, the name of the class (`""` for all labels) and a boolean
            mask of its rows, of shape (N,).
        """
        yield self.label_columns[0], "", ~np.isnan(labels)

    def strata(self, labels: np.ndarray) -> np.ndarray:
        """Return the values by which splits are stratified.

        Both sides of a split get about the same share of each value. If there are more
        than 256 distinct values, or values with fractions, quartiles are used instead.
        By default the labels themselves are returned.

        Args:
            labels: Encoded labels, as returned by `encode_labels`.

        Returns:
            Shape (N,) or (N, columns), NaN where missing.
        """
        return labels

    def learn(self, labels: np.ndarray) -> Self:
        """Return the task with the statistics of the training labels."""
        del labels
        return self

    def in_common_unit(self, labels: np.ndarray) -> tuple[Self, Convert, Convert]:
        """Return the task in a unit that does not depend on the training labels.

        The networks of several folds can train in one program only if their tasks are
        equal. A kind that learns a unit from the labels, such as a regression, returns
        the task in standard units here.

        Args:
            labels: Training labels.

        Returns:
            The task, a function that converts labels to the common unit, and a function
            that converts outputs of the head back to the unit of the labels.
        """
        return self.learn(labels), lambda values: values, lambda outputs: outputs

    @abstractmethod
    def loss(self) -> keras.losses.Loss:
        """Return the loss of the task, which ignores missing labels."""

    @abstractmethod
    def metrics(self) -> list[keras.metrics.Metric]:
        """Return new metrics for `compile`, which ignore missing labels."""

    def output_layer(self) -> keras.layers.Layer:
        """Return the output layer of the head, float32 under any dtype policy."""
        import keras

        return keras.layers.Dense(
            self.units,
            activation=self.output_activation,
            dtype="float32",
            name=self.name,
        )

    def temperature_layer(self, temperature: float) -> keras.layers.Layer:
        """Return the layer that calibrates the outputs of a trained network.

        Only for tasks with `probabilities`.

        Args:
            temperature: The number by which the logits are divided.

        Returns:
            A layer without weights whose output has the shape of its input.
        """
        from keras_mtl.layers import TemperatureScaling

        return TemperatureScaling(
            temperature,
            exclusive=self.probabilities == "exclusive",
            # The names of tasks have no dot.
            name=f"{self.name}.temperature",
        )

    @abstractmethod
    def decode_labels(self, labels: np.ndarray) -> np.ndarray:
        """Decode labels to the values of the data.

        Args:
            labels: Encoded labels, as returned by `encode_labels`.

        Returns:
            An array of shape (N,); a missing label is an empty string, or NaN
            for a number.
        """

    @abstractmethod
    def decode(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Decode the head's outputs to predictions.

        Args:
            outputs: The head's outputs, of shape (N, units).

        Returns:
            The columns of a predictions file, each of shape (N,).
        """

    @abstractmethod
    def measure(self, labels: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Compute metrics of outputs; rows without a label are left out.

        Args:
            labels: Encoded labels, as returned by `encode_labels`.
            outputs: The head's outputs, of shape (N, units).

        Returns:
            The metrics by name, without those that are undefined for these rows, such
            as the AUC of a single class.
        """

    def chance_outputs(self, labels: np.ndarray) -> np.ndarray | None:
        """Return the constant prediction of a model without features.

        Its metrics are the chance level, at which skill is 0. By default the chance
        level is unknown.

        Args:
            labels: Encoded training labels from `encode_labels`.

        Returns:
            The outputs of one row, of shape (units,), or None.
        """
        del labels
        return None

    def prediction_set_rule(self) -> PredictionSetRule | None:
        """Return the rule for prediction sets or intervals with a given coverage.

        By default a kind has no such rule.
        """
        return None

    def decode_sets(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the columns of a predictions file that hold the prediction sets.

        Args:
            outputs: The head's outputs, of shape (N, units).

        Returns:
            Arrays of shape (N,) by column name; empty if no quantile was learned.
        """
        rule = self.prediction_set_rule()
        if rule is None or self.set_quantile is None:
            return {}
        return rule.decode(outputs, self.set_quantile)

    def serve_sets(self, outputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the outputs of `decode_sets`, inside the served graph."""
        rule = self.prediction_set_rule()
        if rule is None or self.set_quantile is None:
            return {}
        return rule.serve(outputs, self.set_quantile)

    def plots(
        self, labels: np.ndarray, outputs: np.ndarray
    ) -> dict[str, Callable[[Axes], None]]:
        """Return the plots of held-out rows, in addition to the learning curve.

        Args:
            labels: Encoded labels, as returned by `encode_labels`.
            outputs: The head's outputs, of shape (N, units).

        Returns:
            Functions that draw on Matplotlib axes, by the suffix of the plot's file
            name, such as `"roc"`. Plots that are undefined for these rows are left out.
        """
        del labels, outputs
        return {}

    def serve(self, outputs: tf.Tensor) -> ServedAnswer:
        """Convert the head's outputs to served outputs, inside the graph.

        By default each row has one number, or one list of numbers, under the name of
        the task. Single numbers are returned to regress requests too.

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
        """Return facts for clients of the served model, as plain values.

        By default these are the classes, labels, threshold and rule, if the kind has
        them.
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
