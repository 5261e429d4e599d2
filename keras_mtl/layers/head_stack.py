"""Heads of equal shape as one layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_mtl.layers.stacked_activation import StackedActivation
from keras_mtl.layers.stacked_dense import StackedDense

__all__ = ["HeadStack", "StackedHeads", "stacked_heads", "stacked_outputs"]


class StackedHeads(NamedTuple):
    """What a `HeadStack` computed on the way to its named outputs.

    It goes with the outputs, so that losses, metrics and gradients are
    computed from one tensor and not put together from T.

    Attributes:
        inputs: The representation that all heads read, (N, width).
        projected: Its products with the heads' first kernels, (T, units, N):
            the last tensor that parts into the tasks.
        kernel: Those kernels, (T, width, units).
        answers: All outputs, (T, N, units).
    """

    inputs: Any
    projected: Any
    kernel: Any
    answers: Any


@keras.saving.register_keras_serializable(package="keras_mtl")
class HeadStack(keras.layers.Layer):
    """The heads of several tasks, all of one shape, computed at once.

    Each head is a stack of dense layers and an output layer, as
    `keras_mtl.architectures.build_hard_sharing` builds them one by one. Here
    their weights lie in variables whose first axis is the task, and a product
    serves all heads.

    Args:
        tasks: The tasks' names: the keys of the outputs.
        units: The outputs of each head.
        widths: The widths of the hidden layers.
        activation: The hidden layers' activation, an elementwise one by name.
        output_activation: The output layer's activation, by name.
        batch_norm: Whether a normalisation precedes each hidden activation.
        mean: For each task what to add to its output; see
            `StandardizedOutput`. By default 0.
        scale: For each task what to multiply its output by; by default 1.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: The shared representation, of shape (N, width).

    Call returns:
        A dict by task name of tensors (N, units), float32 whatever the policy.

    Example:

    >>> heads = HeadStack(["a", "b", "c"], units=1, widths=(16,), activation="relu")
    >>> outputs = heads(np.zeros((2, 64), "float32"))
    >>> {name: output.shape.as_list() for name, output in outputs.items()}
    {'a': [2, 1], 'b': [2, 1], 'c': [2, 1]}
    >>> [tuple(variable.shape) for variable in heads.trainable_variables]
    [(3, 64, 16), (3, 16), (3, 16, 1), (3, 1)]
    """

    def __init__(
        self,
        tasks: Sequence[str],
        units: int,
        widths: Sequence[int] = (),
        activation: str | None = None,
        output_activation: str | None = "sigmoid",
        batch_norm: bool = False,
        mean: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        # The hidden layers follow the policy; the outputs are float32.
        super().__init__(**{"dtype": "float32", "autocast": False, **kwargs})
        self.tasks = tuple(tasks)
        self.units = units
        self.widths = tuple(widths)
        self.hidden_activation = activation
        self.batch_norm = batch_norm
        count = len(self.tasks)
        self.mean = None if mean is None else [float(value) for value in mean]
        self.scale = None if scale is None else [float(value) for value in scale]
        self.dense = [
            # The normalisation has an offset of its own.
            StackedDense(count, width, use_bias=not batch_norm, name=f"dense_{index}")
            for index, width in enumerate(self.widths, start=1)
        ]
        self.norms: list[Any] = [
            keras.layers.BatchNormalization(axis=0, name=f"norm_{index}")
            for index in range(1, len(self.widths) + 1)
            if batch_norm
        ]
        self.activations = [
            StackedActivation(activation, name=f"activation_{index}")
            for index in range(1, len(self.widths) + 1)
        ]
        self.output_dense = StackedDense(
            count, units, dtype="float32", name="output_dense"
        )
        self.output_activation = StackedActivation(
            output_activation, rows_axis=1, dtype="float32", name="output_activation"
        )

    def build(self, input_shape):
        shape = tuple(input_shape)
        for index, dense in enumerate(self.dense):
            dense.build(shape)
            shape = dense.compute_output_shape(shape)
            if self.batch_norm:
                self.norms[index].build((shape[0] * shape[1], None))
        self.output_dense.build(shape)
        self.built = True

    def call(self, inputs, training=None):
        hidden, projected = inputs, None
        for index, dense in enumerate(self.dense):
            hidden = dense(hidden)
            projected = hidden if projected is None else projected
            if self.batch_norm:
                hidden = self._normalize(index, hidden, training)
            hidden = self.activations[index](hidden)
        outputs = self.output_dense(hidden)
        projected = outputs if projected is None else projected
        logits = ops.transpose(outputs, (0, 2, 1))
        if self.scale is not None:
            logits = _column(self.mean) + _column(self.scale) * logits
        answers = self.output_activation(logits)
        first = [*self.dense, self.output_dense][0]
        heads = StackedHeads(
            inputs, projected, ops.cast(first.kernel, first.compute_dtype), answers
        )
        return dict(zip(self.tasks, _part(heads, len(self.tasks)), strict=True))

    def _normalize(self, index, hidden, training):
        # A normalisation has one axis of units.
        units = hidden.shape[0] * hidden.shape[1]
        flat = self.norms[index](ops.reshape(hidden, (units, -1)), training=training)
        return ops.reshape(flat, (*hidden.shape[:2], -1))

    def compute_output_spec(self, inputs, training=None):
        return {
            name: keras.KerasTensor((inputs.shape[0], self.units), dtype="float32")
            for name in self.tasks
        }

    def get_config(self):
        return {
            **super().get_config(),
            "tasks": list(self.tasks),
            "units": self.units,
            "widths": list(self.widths),
            "activation": self.hidden_activation,
            "output_activation": keras.activations.serialize(
                self.output_activation.activation
            ),
            "batch_norm": self.batch_norm,
            "mean": self.mean,
            "scale": self.scale,
        }


def stacked_heads(
    outputs: Mapping[str, Any], names: Sequence[str]
) -> tuple[StackedHeads, list[int]] | None:
    """Returns the stack that some outputs come from, and their places in it.

    Args:
        outputs: By task name, what a model returned.
        names: Some of the names.

    Returns:
        None if they don't come from one call of one `HeadStack`.
    """
    found = [getattr(outputs[name], "_stacked_heads", None) for name in names]
    first = found[0]
    if first is None or any(each is None or each[0] is not first[0] for each in found):
        return None
    return first[0], [each[1] for each in found if each is not None]


def stacked_outputs(outputs: Mapping[str, Any], names: Sequence[str]) -> Any:
    """Returns several tasks' outputs as one tensor, (T, N, units).

    Args:
        outputs: By task name, what a model returned; all of one shape.
        names: The tasks' names.
    """
    found = stacked_heads(outputs, names)
    if found is None:
        return ops.stack([ops.convert_to_tensor(outputs[name]) for name in names])
    answers, places = found[0].answers, found[1]
    if places == list(range(answers.shape[0])):
        return answers
    chosen = ops.take(answers, places, axis=0)
    logits = getattr(answers, "_keras_logits", None)
    if logits is not None:
        # From these Keras's losses are exact where probabilities are 0 or 1.
        chosen._keras_logits = ops.take(logits, places, axis=0)
    return chosen


def _part(heads: StackedHeads, count: int) -> list[Any]:
    """Parts the answers into the tasks' own, each of which knows the whole."""
    parts = ops.unstack(heads.answers, count, axis=0)
    for place, part in enumerate(parts):
        part._stacked_heads = (heads, place)
    return list(parts)


def _column(values: Sequence[float] | None) -> np.ndarray:
    return np.reshape(np.asarray(values, "float32"), (-1, 1, 1))
