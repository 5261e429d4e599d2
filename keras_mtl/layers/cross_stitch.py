"""Learned mixes of the tasks' activations."""

import keras
import numpy as np
from keras import ops

from keras_mtl.layers._task_variables import SplitByTask

__all__ = ["CrossStitch"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class CrossStitch(SplitByTask, keras.layers.Layer):
    """Layer that mixes stacked activations: `y_i = sum_j a_ij x_j` (Misra et al. 2016).

    Initially, `a_ii` is `own`, and the other entries of row i share the rest equally.
    Each row of `a` sums to 1. (With initial values of 1, each mix would multiply the
    activations by the number of streams.)

    Args:
        own: The initial weight of a stream itself, between 0 and 1.
        per_unit: Whether each unit has its own mixing weights.
        subspaces: The number of equal parts into which the units of each stream are
            split, G. All parts of all streams are mixed with each other, as in sluice
            networks (Ruder et al. 2017).
        rate: The factor by which the mixing weights learn faster. The variable is the
            mixing weights divided by `rate`. An optimizer that normalizes gradients,
            such as Adam, therefore makes steps that are `rate` times larger, and plain
            gradient descent makes steps that are `rate**2` times larger (100 or 1000
            times in the paper).
        by_task: Whether each stream of the output is used by one task only, as after
            the last layer of the trunks: see `StackedDense`.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: The activations, of shape (T, units, N).

    Call returns:
        A tensor of the same shape.

    Example:

    >>> layer = CrossStitch(own=0.9)
    >>> layer.build((3, 4, None))
    >>> print(layer.stitches.round(3))
    [[0.9  0.05 0.05]
     [0.05 0.9  0.05]
     [0.05 0.05 0.9 ]]
    """

    def __init__(
        self, own=0.9, per_unit=False, subspaces=1, rate=1.0, by_task=False, **kwargs
    ):
        super().__init__(**kwargs)
        self.own = own
        self.per_unit = per_unit
        self.subspaces = subspaces
        self.rate = rate
        self.by_task = by_task

    @property
    def stitches(self):
        """The mixing weights, (T * G, T * G), with an axis of units if `per_unit`."""
        return self.rate * ops.convert_to_numpy(self.mix)

    def build(self, input_shape):
        stack = input_shape[0] * self.subspaces
        units = input_shape[1] // self.subspaces
        shape = (stack, stack, units) if self.per_unit else (stack, stack)
        self.mix = self.add_weight(
            name="mix",
            shape=shape,
            initializer=StitchStart(self.own, self.rate),
        )
        self.built = True

    def call(self, inputs):
        mix = ops.cast(self.rate, self.mix.dtype) * self.mix
        mix = ops.cast(mix, inputs.dtype)
        streams, units = inputs.shape[:2]
        stack = streams * self.subspaces
        if self.per_unit:
            parts = ops.reshape(inputs, (stack, units // self.subspaces, -1))
            product = ops.einsum("iju,jun->iun", mix, parts)
        else:
            product = ops.matmul(mix, ops.reshape(inputs, (stack, -1)))
        return ops.reshape(product, (streams, units, -1))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "own": self.own,
            "per_unit": self.per_unit,
            "subspaces": self.subspaces,
            "rate": self.rate,
            "by_task": self.by_task,
        }


@keras.saving.register_keras_serializable(package="keras_mtl")
class StitchStart(keras.initializers.Initializer):
    """The initial weights of a `CrossStitch`, the same for all units."""

    def __init__(self, own, rate):
        self.own = own
        self.rate = rate

    def __call__(self, shape, dtype=None):
        stack = shape[0]
        rest = (1 - self.own) / max(stack - 1, 1)
        start = np.full((stack, stack), rest)
        np.fill_diagonal(start, self.own if stack > 1 else 1.0)
        start = start.reshape(stack, stack, *[1] * (len(shape) - 2)) / self.rate
        return ops.convert_to_tensor(np.broadcast_to(start, shape), dtype=dtype)

    def get_config(self):
        return {"own": self.own, "rate": self.rate}
