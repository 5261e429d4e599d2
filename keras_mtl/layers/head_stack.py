"""Heads of equal shape as one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.layers.stacked_activation import StackedActivation
from keras_mtl.layers.stacked_dense import StackedDense

__all__ = ["HeadStack"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class HeadStack(keras.layers.Layer):
    """The heads of several tasks, all of the same shape, computed at once.

    Each head is a stack of dense layers and an output layer, as
    `keras_mtl.architectures.build_hard_sharing` builds them one by one. Here the first
    axis of each variable is the task, and a single product computes a layer of all
    heads. `SplitTasks` splits the result into one output per task.

    Args:
        heads: The number of heads, T.
        units: The number of outputs of each head.
        widths: The widths of the hidden layers.
        activation: The name of the activation of the hidden layers, which must be
            elementwise.
        output_activation: The name of the activation of the output layer.
        batch_norm: Whether a batch normalization precedes each hidden activation.
        mean: The number that is added to the output of each task; see
            `StandardizedOutput`. By default 0.
        scale: The factor of the output of each task; by default 1.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: The shared representation, of shape (N, width); or one representation
            per task, of shape (T, width, N).

    Call returns:
        Two tensors. The first has the outputs of the heads, (T, N, units), float32
        under any dtype policy. The second has the products of the representation and
        the heads' first kernels, (T, first_units, N). The gradients of different tasks
        on them are separate, and give the tasks' gradients on a shared trunk.

    Example:

    >>> heads = HeadStack(3, units=1, widths=(16,), activation="relu")
    >>> outputs, products = heads(np.zeros((2, 64), "float32"))
    >>> outputs.shape.as_list(), products.shape.as_list()
    ([3, 2, 1], [3, 16, 2])
    >>> [tuple(variable.shape) for variable in heads.trainable_variables]
    [(3, 64, 16), (3, 16), (3, 16, 1), (3, 1)]
    """

    def __init__(
        self,
        heads: int,
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
        self.heads = heads
        self.units = units
        self.widths = tuple(widths)
        self.hidden_activation = activation
        self.batch_norm = batch_norm
        self.mean = None if mean is None else [float(value) for value in mean]
        self.scale = None if scale is None else [float(value) for value in scale]
        self.dense = [
            # The normalization has its own offset.
            StackedDense(heads, width, use_bias=not batch_norm, name=f"dense_{index}")
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
            heads, units, dtype="float32", name="output_dense"
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

    @property
    def first_dense(self) -> StackedDense:
        """The layer that has the first kernels of the heads."""
        return self.dense[0] if self.dense else self.output_dense

    def call(self, inputs, training=None):
        hidden, products = inputs, None
        for index, dense in enumerate(self.dense):
            hidden = dense(hidden)
            products = hidden if products is None else products
            if self.batch_norm:
                hidden = self._normalize(index, hidden, training)
            hidden = self.activations[index](hidden)
        outputs = self.output_dense(hidden)
        products = outputs if products is None else products
        logits = ops.transpose(outputs, (0, 2, 1))
        if self.scale is not None:
            logits = _column(self.mean) + _column(self.scale) * logits
        return self.output_activation(logits), products

    def _normalize(self, index, hidden, training):
        # A normalization has one axis of units.
        units = hidden.shape[0] * hidden.shape[1]
        flat = self.norms[index](ops.reshape(hidden, (units, -1)), training=training)
        return ops.reshape(flat, (*hidden.shape[:2], -1))

    def compute_output_spec(self, inputs, training=None):
        first = self.first_dense
        rows = inputs.shape[0] if len(inputs.shape) == 2 else inputs.shape[-1]
        return (
            keras.KerasTensor((self.heads, rows, self.units), dtype="float32"),
            keras.KerasTensor(
                (self.heads, first.units, rows), dtype=first.compute_dtype
            ),
        )

    def get_config(self):
        return {
            **super().get_config(),
            "heads": self.heads,
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


def _column(values: Sequence[float] | None) -> np.ndarray:
    return np.reshape(np.asarray(values, "float32"), (-1, 1, 1))
