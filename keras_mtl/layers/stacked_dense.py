"""Many dense layers of one shape as one product."""

import math

import keras
from keras import ops

from keras_mtl.layers._task_variables import SplitByTask

__all__ = ["StackedDense"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class StackedDense(SplitByTask, keras.layers.Layer):
    """Layer of `stack` dense layers of the same shape, computed at once.

    The last axis of the output is the rows, so the product of one input and the kernels
    of all layers is a single product of two matrices.

    The initial weights of each layer are those of `keras.layers.Dense`: kernels by
    Glorot and Bengio (2010), and biases of zero.

    Args:
        stack: The number of layers, T.
        units: The number of units of each layer.
        use_bias: Whether each layer has a bias.
        kernel_regularizer: A regularizer of all kernels, (T, width, units).
        bias_regularizer: A regularizer of all biases, (T, units).
        by_task: Whether the stack is divided into equal parts, one per task of the
            model in order, and each part is used by its task only. Weightings then
            treat the variables as variables of heads: see `task_variables`.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: The input of all layers, of shape (N, width); or one input per layer, of
            shape (T, width, N).

    Call returns:
        A tensor of shape (T, units, N).

    Example:

    >>> import numpy as np
    >>> layer = StackedDense(stack=3, units=2)
    >>> layer(np.ones((5, 4), "float32")).shape
    TensorShape([3, 2, 5])
    >>> tuple(layer.kernel.shape), tuple(layer.bias.shape)
    ((3, 4, 2), (3, 2))
    """

    def __init__(
        self,
        stack,
        units,
        use_bias=True,
        kernel_regularizer=None,
        bias_regularizer=None,
        by_task=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.stack = stack
        self.units = units
        self.use_bias = use_bias
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.by_task = by_task

    def build(self, input_shape):
        width = input_shape[-1] if len(input_shape) == 2 else input_shape[1]
        # Drawn per layer, since Keras would count the axis of the stack as inputs.
        limit = math.sqrt(6 / (width + self.units))
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.stack, width, self.units),
            initializer=keras.initializers.RandomUniform(-limit, limit),
            regularizer=self.kernel_regularizer,
        )
        self.bias = (
            self.add_weight(
                name="bias",
                shape=(self.stack, self.units),
                initializer="zeros",
                regularizer=self.bias_regularizer,
            )
            if self.use_bias
            else None
        )
        self.built = True

    def call(self, inputs):
        kernels = ops.transpose(self.kernel, (0, 2, 1))
        if len(inputs.shape) == 2:
            width = kernels.shape[-1]
            rows = ops.reshape(kernels, (self.stack * self.units, width))
            product = ops.matmul(rows, ops.transpose(inputs))
            outputs = ops.reshape(product, (self.stack, self.units, -1))
        else:
            outputs = ops.matmul(kernels, inputs)
        if self.bias is not None:
            outputs = outputs + ops.expand_dims(self.bias, -1)
        return outputs

    def compute_output_shape(self, input_shape):
        rows = input_shape[0] if len(input_shape) == 2 else input_shape[-1]
        return (self.stack, self.units, rows)

    def get_config(self):
        return {
            **super().get_config(),
            "stack": self.stack,
            "units": self.units,
            "use_bias": self.use_bias,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "by_task": self.by_task,
        }
