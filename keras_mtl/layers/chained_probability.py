"""Probabilities of events in a chain, each of which needs the event before."""

import math

import keras
from keras import ops

__all__ = ["ChainedProbability"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class ChainedProbability(keras.layers.Layer):
    """The probability that all events of a chain happen.

    `p(a and b) = p(a) p(b given a)` (Ma et al. 2018, ESMM), computed in log space. The
    result keeps its logit, so that its cross-entropy is exact even if the product of
    the probabilities rounds to 0 or 1.

    Call arguments:
        inputs: A list of the logits of the conditional probabilities, each of
            shape (N, 1), or one such tensor.

    Call returns:
        A float32 tensor of shape (N, 1).

    Example:

    >>> import numpy as np
    >>> half = np.zeros((1, 1), "float32")
    >>> ChainedProbability()([half, half]).numpy().tolist()
    [[0.25]]
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, inputs):
        logits = inputs if isinstance(inputs, list | tuple) else [inputs]
        if len(logits) == 1:
            return keras.activations.sigmoid(logits[0])
        # -log p, above 0. For large logits it would be 0 in float32, and its logit
        # infinite.
        surprise = ops.maximum(sum(ops.softplus(-logit) for logit in logits), 1e-30)
        # log(1 - p) = log(1 - exp(-surprise)), by two forms that are each exact on one
        # side of log 2. On the other side, a form gets a number without a NaN gradient.
        is_near = surprise < math.log(2)
        near = ops.log(-ops.expm1(-ops.where(is_near, surprise, 1.0)))
        far = ops.log1p(-ops.exp(-ops.where(is_near, 1.0, surprise)))
        return keras.activations.sigmoid(-surprise - ops.where(is_near, near, far))

    def compute_output_shape(self, input_shape):
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        return tuple(shapes[0])
