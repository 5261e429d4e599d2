"""Many regressors side by side, trained by one program."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from keras_mtl.architectures.regressors import (
    WIDTHS,
    activation_layer,
    build_regressor,
)

__all__ = ["ParallelDense", "RegressorBank", "summed_squared_error"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class ParallelDense(keras.layers.Layer):
    """Dense layers side by side, each with an input of its own.

    One product of stacks takes the place of many small products. All weights
    are zero until they are set.

    Args:
        units: The units of each layer.
        **kwargs: See `keras.layers.Layer`.

    Example:

    >>> ParallelDense(4)(np.ones((8, 3, 2))).shape  # three layers from 2 to 4
    TensorShape([8, 3, 4])
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        lanes, width = input_shape[1:]
        self.kernel = self.add_weight(
            name="kernel", shape=(lanes, width, self.units), initializer="zeros"
        )
        self.bias = self.add_weight(
            name="bias", shape=(lanes, self.units), initializer="zeros"
        )

    def call(self, inputs):
        return ops.einsum("nli,lio->nlo", inputs, self.kernel) + self.bias

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class RegressorBank:
    """The regressors of several activations and seeds as one Keras model.

    The regressors share nothing. Trained on `summed_squared_error` by an
    optimizer that works on each weight alone, such as Adam, each trains as it
    would by itself; but one program for all compiles once, and makes large
    products of many small ones.

    The regressors of one seed start from the same weights, whatever their
    activation.

    Args:
        activations: The activations by name; `none` is a net without.
        seeds: The seeds of the initial weights, for each of the activations.
        widths: The widths of each regressor's hidden layers.
        negative_slope: The leaky ReLU's slope below zero.

    Attributes:
        model: From (N, seeds), a column a seed, to (N, activations * seeds):
            the seeds of the first activation, those of the second, and so on.

    Example:

    >>> bank = RegressorBank(["relu", "none"], seeds=[0, 1, 2], widths=(4,))
    >>> bank.model.output_shape
    (None, 6)
    >>> bank.answers(np.zeros(10)).shape
    (2, 3, 10)
    """

    def __init__(
        self,
        activations: Sequence[str],
        seeds: Sequence[int],
        widths: Sequence[int] = WIDTHS,
        negative_slope: float = 0.01,
    ) -> None:
        self.activations = list(activations)
        self.seeds = list(seeds)
        self.widths = list(widths)
        self.negative_slope = negative_slope
        self.model = self._build()
        self._set_initial_weights()

    def answers(self, x: np.ndarray) -> np.ndarray:
        """Answers x, (N,), with every regressor: (activations, seeds, N)."""
        columns = np.repeat(np.asarray(x, "float32")[:, None], len(self.seeds), axis=1)
        answers = np.asarray(self.model(columns, training=False))
        return answers.T.reshape(len(self.activations), len(self.seeds), len(x))

    def regressor(self, activation: str, seed: int) -> keras.Sequential:
        """Takes one regressor out.

        Args:
            activation: Its activation.
            seed: Its seed.

        Returns:
            What `build_regressor` builds, with the weights it has in the bank:
            it gives the same answers.
        """
        lane = self.activations.index(activation) * len(self.seeds)
        lane += self.seeds.index(seed)
        regressor = build_regressor(
            self.widths,
            leaky_relu=False,
            activation=activation,
            negative_slope=self.negative_slope,
        )
        for layer in regressor.layers:
            if layer.variables:
                stacks = self._stacks(layer)
                layer.set_weights([stack[lane] for stack in stacks])
        return regressor

    def _build(self) -> keras.Model:
        kinds, copies = len(self.activations), len(self.seeds)
        lanes = kinds * copies
        inputs = keras.Input((copies,), name="x")
        hidden = ops.reshape(ops.tile(inputs, (1, kinds)), (-1, lanes, 1))
        for index, width in enumerate(self.widths, start=1):
            hidden = ParallelDense(width, name=f"dense_{index}")(hidden)
            # Laid out flat, each unit of each net is one of the activation's.
            flat = ops.reshape(hidden, (-1, lanes * width))
            parts = []
            for part, activation in zip(
                ops.split(flat, kinds, axis=1), self.activations, strict=True
            ):
                layer = activation_layer(
                    activation, self.negative_slope, name=f"{activation}_{index}"
                )
                parts.append(part if layer is None else layer(part))
            # A normalisation, too, works on each unit alone.
            flat = ops.concatenate(parts, axis=1)
            flat = keras.layers.BatchNormalization(name=f"norm_{index}")(flat)
            hidden = ops.reshape(flat, (-1, lanes, width))
        output = ParallelDense(1, name="dense_output")(hidden)
        return keras.Model(inputs, ops.reshape(output, (-1, lanes)), name="bank")

    def _set_initial_weights(self) -> None:
        nets = []
        for seed in self.seeds:
            keras.utils.set_random_seed(seed)
            nets.append(build_regressor(self.widths, leaky_relu=False))
        for layers in zip(*[net.layers for net in nets], strict=True):
            if isinstance(layers[0], keras.layers.Dense):
                weights = zip(*[layer.get_weights() for layer in layers], strict=True)
                self.model.get_layer(layers[0].name).set_weights(
                    [np.stack(copies * len(self.activations)) for copies in weights]
                )

    def _stacks(self, layer: keras.layers.Layer) -> list[np.ndarray]:
        """Gives the weights of all regressors' layers of that name."""
        lanes = len(self.activations) * len(self.seeds)
        twin = self.model.get_layer(layer.name)
        return [
            np.reshape(stack.numpy(), (lanes, *own.shape))
            for own, stack in zip(layer.variables, twin.variables, strict=True)
        ]


@keras.saving.register_keras_serializable(package="keras_mtl")
def summed_squared_error(labels, answers):
    """The squared errors' sum over the columns: one regressor a column.

    Args:
        labels: Of shape (N, columns).
        answers: Of shape (N, columns).

    Returns:
        A tensor of shape (N,).

    Example:

    >>> summed_squared_error(np.ones((2, 3)), np.zeros((2, 3))).numpy().tolist()
    [3.0, 3.0]
    """
    return ops.sum(ops.square(labels - answers), axis=-1)
