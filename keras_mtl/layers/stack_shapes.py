"""Layers that change the entries of a stack."""

import keras
from keras import ops

__all__ = ["RepeatStack", "SplitStack", "TakeStack"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class RepeatStack(keras.layers.Layer):
    """Layer that repeats each entry of a stack several times.

    Args:
        times: The number of times that each entry is repeated.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A tensor of shape (T, units, N).

    Call returns:
        A tensor of shape (T * times, units, N).

    Example:

    >>> import numpy as np
    >>> RepeatStack(2)(np.ones((3, 4, 5), "float32")).shape.as_list()
    [6, 4, 5]
    """

    def __init__(self, times, **kwargs):
        super().__init__(**kwargs)
        self.times = times

    def call(self, inputs):
        return ops.repeat(inputs, self.times, axis=0)

    def compute_output_shape(self, input_shape):
        return (input_shape[0] * self.times, *input_shape[1:])

    def get_config(self):
        return {**super().get_config(), "times": self.times}


@keras.saving.register_keras_serializable(package="keras_mtl")
class TakeStack(keras.layers.Layer):
    """Layer that selects some entries of a stack.

    Args:
        positions: The positions of the entries on the first axis.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A tensor of shape (T, units, N).

    Call returns:
        A tensor of shape (number of positions, units, N).

    Example:

    >>> import numpy as np
    >>> TakeStack([0, 2])(np.ones((3, 4, 5), "float32")).shape.as_list()
    [2, 4, 5]
    """

    def __init__(self, positions, **kwargs):
        super().__init__(**kwargs)
        self.positions = [int(position) for position in positions]

    def call(self, inputs):
        first, count = self.positions[0], len(self.positions)
        if self.positions == list(range(first, first + count)):
            return inputs[first : first + count]
        return ops.take(inputs, self.positions, axis=0)

    def compute_output_shape(self, input_shape):
        return (len(self.positions), *input_shape[1:])

    def get_config(self):
        return {**super().get_config(), "positions": self.positions}


@keras.saving.register_keras_serializable(package="keras_mtl")
class SplitStack(keras.layers.Layer):
    """Layer that splits a stack into its entries, each a tensor of rows.

    Call arguments:
        inputs: A tensor of shape (T, units, N).

    Call returns:
        A list of T tensors of shape (N, units).

    Example:

    >>> import numpy as np
    >>> [part.shape.as_list() for part in SplitStack()(np.ones((2, 3, 5)))]
    [[5, 3], [5, 3]]
    """

    def call(self, inputs):
        return ops.unstack(ops.transpose(inputs, (0, 2, 1)), inputs.shape[0], axis=0)

    def compute_output_spec(self, inputs):
        stack, units, rows = inputs.shape
        return [
            keras.KerasTensor((rows, units), dtype=self.compute_dtype)
            for _ in range(stack)
        ]
