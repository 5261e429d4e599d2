"""Gates, which compute the weight of each expert."""

import keras
from keras import ops

from keras_mtl.layers.stacked_dense import StackedDense

__all__ = ["ExpertGate"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class ExpertGate(keras.layers.Layer):
    """Layer of several softmax gates over some experts, computed at once.

    The output of gate t for a row x is `softmax(W_t x + b_t)`: positive weights of the
    experts, with a sum of 1 (Jacobs et al. 1991; Ma et al. 2018).

    Args:
        gates: The number of gates, T.
        experts: The number of experts, E.
        is_sigmoid: Whether to use a sigmoid, which gives each expert a separate weight
            between 0 and 1. It is for gates of one expert, where a softmax would always
            be 1.
        by_task: Whether there is one gate per task of the model, in the order of the
            tasks: see `StackedDense`.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: The input of all gates, of shape (N, width); or the inputs of each gate,
            of shape (T, width, N).

    Call returns:
        The weights, of shape (T, E, N).

    Example:

    >>> import numpy as np
    >>> weights = ExpertGate(gates=2, experts=3)(np.ones((5, 4), "float32"))
    >>> weights.shape.as_list(), float(np.sum(weights[0, :, 0]).round(4))
    ([2, 3, 5], 1.0)
    """

    def __init__(self, gates, experts, is_sigmoid=False, by_task=False, **kwargs):
        super().__init__(**kwargs)
        self.gates = gates
        self.experts = experts
        self.is_sigmoid = is_sigmoid
        self.by_task = by_task
        self.dense = StackedDense(
            gates, experts, by_task=by_task, dtype=self.dtype_policy, name="gate"
        )

    @property
    def task_variables(self):
        """The variables whose first axis is split by task; `[]` if none is."""
        return self.dense.task_variables

    def build(self, input_shape):
        self.dense.build(tuple(input_shape))
        self.built = True

    def call(self, inputs):
        # Half precision would round small weights of many experts to 0.
        logits = ops.cast(self.dense(inputs), "float32")
        if self.is_sigmoid:
            weights = ops.sigmoid(logits)
        elif self.experts == 1:
            weights = ops.ones_like(logits)
        else:
            weights = ops.softmax(logits, axis=1)
        return ops.cast(weights, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return self.dense.compute_output_shape(tuple(input_shape))

    def get_config(self):
        return {
            **super().get_config(),
            "gates": self.gates,
            "experts": self.experts,
            "is_sigmoid": self.is_sigmoid,
            "by_task": self.by_task,
        }
