"""A number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from keras_mtl._core.declarations import declaration
from keras_mtl.errors import UserError
from keras_mtl.tasks.labels import label_column, label_numbers
from keras_mtl.tasks.prediction_sets import IntervalRule
from keras_mtl.tasks.task import Convert, Task

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    from matplotlib.axes import Axes

    from keras_mtl.tables.column_store import Rows
    from keras_mtl.tasks.served_answer import ServedAnswer

__all__ = ["RegressionTask"]


@declaration
class RegressionTask(Task):
    """A task whose answer is a number, with a linear output.

    The output is in the label's own unit. Inside, the head works on the
    standardised label, and the loss is the squared error in standard
    deviations, so that it weighs like the other tasks' whatever the unit.

    Args:
        name: See `Task`.
        column: See `Task`.
        widths: See `Task`.
        activation: See `Task`.
        loss_weight: See `Task`.
        auxiliary: See `Task`.
        mean: The training labels' mean, which `learn` fills.
        scale: The training labels' standard deviation, which `learn` fills.
        has_deviations: Whether the model gives each number a standard deviation
            of its own, as a second output. Filled by architectures that do.

    Example:

    >>> import numpy as np
    >>> task = RegressionTask("age").learn(np.array([40.0, 60.0, np.nan]))
    >>> task.mean, task.scale
    (50.0, 10.0)
    """

    kind: ClassVar[str] = "regression"
    loss_kind: ClassVar[Literal["regression", "classification"]] = "regression"
    metric_directions: ClassVar[Mapping[str, Literal["min", "max"]]] = {
        "mae": "min",
        "mse": "min",
        "r2": "max",
    }

    mean: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    has_deviations: bool = False

    @property
    def word_columns(self) -> tuple[str, ...]:
        return ()

    @property
    def units(self) -> int:
        return 2 if self.has_deviations else 1

    @property
    def output_names(self) -> tuple[str, ...]:
        return (self.name, "standard deviation") if self.has_deviations else ()

    @property
    def output_activation(self) -> str:
        return "linear"

    def resolve(self, frame: Rows, source: str) -> Self:
        values = label_column(frame, self.label_columns[0], self.name, source)
        if errors := self.check_labels(frame, source):
            raise UserError(*errors)
        labels = self.encode_labels(frame)
        if np.nanmin(labels) == np.nanmax(labels):
            raise UserError(
                f"{source}, column {values.name!r}: regression task {self.name!r} "
                f"expects labels that differ. Received: {np.nanmin(labels):g} in every "
                "row that has one. Give other rows, or leave the task out."
            )
        return self

    def encode_labels(self, frame: Rows) -> np.ndarray:
        return label_numbers(frame[self.label_columns[0]])

    @property
    def expected_labels(self) -> str:
        return "finite numbers"

    def learn(self, labels: np.ndarray) -> Self:
        known = labels[~np.isnan(labels)].astype("float64")
        scale = float(known.std()) if known.size else 0.0
        mean = float(known.mean()) if known.size else 0.0
        return self.replace(mean=mean, scale=scale or 1.0)

    def in_common_unit(self, labels: np.ndarray) -> tuple[Self, Convert, Convert]:
        learned = self.learn(labels)
        mean, scale = learned.mean, learned.scale
        return (
            self.replace(mean=0.0, scale=1.0),
            lambda values: ((values - mean) / scale).astype("float32"),
            lambda outputs: outputs * np.float32(scale) + np.float32(mean),
        )

    def output_layer(self) -> keras.layers.Layer:
        from keras_mtl.layers import DeviationOutput, StandardizedOutput

        layer = DeviationOutput if self.has_deviations else StandardizedOutput
        return layer(mean=self.mean, scale=self.scale, name=self.name)

    def loss(self) -> keras.losses.Loss:
        from keras_mtl.losses import MaskedSquaredError

        return MaskedSquaredError(scale=self.scale)

    def metrics(self) -> list[keras.metrics.Metric]:
        from keras_mtl.metrics import MaskedMeanAbsoluteError, MaskedMeanSquaredError

        return [
            MaskedMeanAbsoluteError(name="mae"),
            MaskedMeanSquaredError(name="mse"),
        ]

    def decode_labels(self, labels: np.ndarray) -> np.ndarray:
        return labels

    def decode(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        outputs = np.reshape(outputs, (-1, self.units))
        found = {f"{self.name}_value": outputs[:, 0]}
        if self.has_deviations:
            found[f"{self.name}_deviation"] = outputs[:, 1]
        return found

    def measure(self, labels: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        from keras_mtl.metrics import regression_metrics

        return regression_metrics(labels, np.reshape(outputs, (-1, self.units))[:, 0])

    def chance_outputs(self, labels: np.ndarray) -> np.ndarray | None:
        from keras_mtl.tasks.labels import label_means

        return label_means(np.reshape(labels, (len(labels), -1)))

    def prediction_set_rule(self) -> IntervalRule:
        return IntervalRule(self.name, self.has_deviations)

    def serve(self, outputs: tf.Tensor) -> ServedAnswer:
        from keras_mtl.tasks.served_answer import ServedAnswer

        if not self.has_deviations:
            return super().serve(outputs)
        value = outputs[:, 0]
        answers = {self.name: value, f"{self.name}_deviation": outputs[:, 1]}
        return ServedAnswer(answers, value=value)

    def metadata(self) -> dict[str, Any]:
        found = super().metadata()
        if self.has_deviations:
            found["has_deviations"] = True
        return found

    def plots(
        self, labels: np.ndarray, outputs: np.ndarray
    ) -> dict[str, Callable[[Axes], None]]:
        from keras_mtl.tasks._plots import plot_deviations, plot_predicted

        known = ~np.isnan(labels)
        if not known.any():
            return {}
        outputs = np.reshape(outputs, (-1, self.units))
        truth, values = labels[known], outputs[known, 0]
        found: dict[str, Callable[[Axes], None]] = {
            "predicted": partial(
                plot_predicted, task=self.name, labels=truth, values=values
            )
        }
        if self.has_deviations:
            found["deviations"] = partial(
                plot_deviations,
                task=self.name,
                errors=values - truth,
                deviations=outputs[known, 1],
            )
        return found
