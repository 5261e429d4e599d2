"""The kind of task that predicts a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, FiniteFloat

from keras_mtl._core.declarations import declaration
from keras_mtl.errors import UserError
from keras_mtl.tasks.label_transforms import (
    LabelScale,
    LabelTransform,
    choose_transform,
    learn_label_scale,
)
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
    """A regression task: a number, with a linear output.

    The output is in the label's own unit. The head itself predicts the standardized
    label. The loss is the squared error in units of the label's variance, so it is
    comparable with the losses of other tasks.

    With `transform`, labels that have a heavy tail are learned on another scale. The
    loss is then the squared error on that scale. Predictions are then closer to the
    conditional median of the label than to its conditional mean.

    Args:
        name: See `Task`.
        column: See `Task`.
        widths: See `Task`.
        activation: See `Task`.
        loss_weight: See `Task`.
        auxiliary: See `Task`.
        transform: The scale on which the label is learned: `"none"`, `"log"` for labels
            of 0 or more, `"quantile"`, or `"auto"`, which chooses one of these by the
            skewness of the training labels; see `learn_label_scale` and
            `choose_transform` in `keras_mtl.tasks.label_transforms`.
        clip: Whether predictions are clipped to the range of the training labels.
        mean: The mean of the training labels. Filled by `learn`.
        scale: The standard deviation of the training labels. Filled by `learn`.
        has_deviations: Whether the head has a second output, the standard deviation of
            each prediction. Filled by the architectures that predict one.
        minimum: The smallest training label. Filled by `learn`.
        maximum: The largest training label. Filled by `learn`.
        chosen_transform: The transform in use, never `"auto"`. Filled by `learn`.
        knots: The labels at which the piecewise linear scale of `transform` bends;
            empty without a transform. Filled by `learn`.
        knot_values: The values of the knots on the scale of `transform`.

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

    transform: LabelTransform = "none"
    clip: bool = False
    mean: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    has_deviations: bool = False
    minimum: FiniteFloat | None = None
    maximum: FiniteFloat | None = None
    chosen_transform: Literal["none", "log", "quantile"] | None = None
    knots: tuple[FiniteFloat, ...] = ()
    knot_values: tuple[FiniteFloat, ...] = ()

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
        if self.transform == "log" and np.nanmin(labels) < 0:
            row = int(np.nanargmin(labels))
            raise UserError(
                f"{source}, column {values.name!r}: regression task {self.name!r} "
                "expects labels of 0 or more, as it learns their logarithm. Received: "
                f"{labels[row]:g} in data row {row + 1}. Choose the transform "
                "quantile, or none."
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
        chosen = self.transform
        if chosen == "auto":
            chosen = choose_transform(known) if known.size else "none"
        line = None if chosen == "none" else learn_label_scale(chosen, known)
        return self.replace(
            mean=mean,
            scale=scale or 1.0,
            minimum=float(known.min()) if known.size else None,
            maximum=float(known.max()) if known.size else None,
            chosen_transform=chosen,
            knots=() if line is None else line.labels,
            knot_values=() if line is None else line.values,
        )

    @property
    def label_scale(self) -> LabelScale | None:
        """The scale on which the head predicts; None without a transform."""
        return LabelScale(self.knots, self.knot_values) if self.knots else None

    @property
    def limits(self) -> tuple[float, float] | None:
        """The smallest and the largest prediction; None without `clip`."""
        if not self.clip or self.minimum is None or self.maximum is None:
            return None
        return self.minimum, self.maximum

    def to_standard(self, labels: np.ndarray) -> np.ndarray:
        """Convert labels to the scale of the head; NaN stays NaN.

        On a transformed scale, a label far outside the range of the training labels
        counts as a label slightly outside, like in the loss.
        """
        if (line := self.label_scale) is not None:
            return line.to_standard(np.clip(labels, line.labels[0], line.labels[-1]))
        standard: np.ndarray = (labels - self.mean) / self.scale
        return standard

    def from_standard(self, values: np.ndarray) -> np.ndarray:
        """Convert numbers on the scale of the head to predictions, and clip them."""
        if (line := self.label_scale) is not None:
            labels = line.to_labels(values)
        else:
            labels = values * np.float32(self.scale) + np.float32(self.mean)
        return labels if self.limits is None else np.clip(labels, *self.limits)

    def describe(self) -> str:
        transform = self.chosen_transform or self.transform
        facts = {
            "none": [],
            "auto": ["on a scale chosen by skewness"],
            "log": ["on a logarithmic scale"],
            "quantile": ["on a scale of quantiles"],
        }[transform]
        if self.clip:
            facts.append("within the range of training labels")
        return ", ".join(facts)

    def in_common_unit(self, labels: np.ndarray) -> tuple[Self, Convert, Convert]:
        learned = self.learn(labels)
        standard = self.replace(
            transform="none",
            clip=False,
            mean=0.0,
            scale=1.0,
            minimum=None,
            maximum=None,
            chosen_transform=None,
            knots=(),
            knot_values=(),
        )
        return (
            standard,
            lambda values: learned.to_standard(values).astype("float32"),
            learned.from_standard,
        )

    def output_layer(self) -> keras.layers.Layer:
        from keras_mtl.layers import (
            DeviationOutput,
            StandardizedOutput,
            TransformedOutput,
        )

        if self.has_deviations:
            return DeviationOutput(
                mean=self.mean, scale=self.scale, limits=self.limits, name=self.name
            )
        if self.knots:
            return TransformedOutput(
                self.knot_values, self.knots, limits=self.limits, name=self.name
            )
        return StandardizedOutput(
            mean=self.mean, scale=self.scale, limits=self.limits, name=self.name
        )

    def loss(self) -> keras.losses.Loss:
        from keras_mtl.losses import MaskedSquaredError, MaskedTransformedError

        if self.knots:
            return MaskedTransformedError(self.knots, self.knot_values)
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
        return IntervalRule(self.name, self.label_scale, self.has_deviations)

    def serve(self, outputs: tf.Tensor) -> ServedAnswer:
        from keras_mtl.tasks.served_answer import ServedAnswer

        if not self.has_deviations:
            return super().serve(outputs)
        value = outputs[:, 0]
        answers = {self.name: value, f"{self.name}_deviation": outputs[:, 1]}
        return ServedAnswer(answers, value=value)

    def metadata(self) -> dict[str, Any]:
        described = super().metadata()
        if self.has_deviations:
            described["has_deviations"] = True
        if self.chosen_transform not in (None, "none"):
            described["transform"] = self.chosen_transform
        if self.limits is not None:
            described["range"] = list(self.limits)
        return described

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
