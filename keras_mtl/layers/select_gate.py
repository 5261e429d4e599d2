"""Sparse, smooth gates: DSelect-k (Hazimeh et al. 2021)."""

import math

import keras
import numpy as np
from keras import ops

from keras_mtl.layers._task_variables import SplitByTask
from keras_mtl.layers.training_layers import mean_over_present, setting_value

__all__ = ["SelectGate", "smooth_step"]


def smooth_step(t, gamma):
    """Compute the smooth step, which rises from 0 to 1 between -gamma/2 and gamma/2.

    `S(t) = -2 t^3 / gamma^3 + 3 t / (2 gamma) + 1/2` inside, 0 or 1 outside.

    Example:

    >>> smooth_step(np.array([-1.0, 0.0, 0.25, 1.0]), 1.0).numpy().tolist()
    [0.0, 0.5, 0.84375, 1.0]
    """
    # After clipping, the polynomial is 0 or 1 at its ends, with a gradient of 0.
    t = ops.clip(t, -gamma / 2, gamma / 2)
    return -2 * t**3 / gamma**3 + 3 * t / (2 * gamma) + 0.5


@keras.saving.register_keras_serializable(package="keras_mtl")
class SelectGate(SplitByTask, keras.layers.Layer):
    """Layer of gates that select at most `selectors` experts by smooth binary codes.

    A selector of a gate has one number z per bit of an expert's position, `ceil(log2
    E)` numbers. Its weight of expert i is a product over the bits: S(z) where the bit
    of i is 1, and 1 - S(z) where it is 0, with the smooth step function S. Once all
    `|z|` reach `gamma / 2`, the selector has chosen one expert. A softmax weighs the
    selectors of a gate (Hazimeh et al. 2021, equations 3 to 6).

    The layer adds two losses, which are sums over all gates and selectors. The entropy
    of a selector's weights makes it choose one expert. If E is not a power of 2, some
    codes belong to no expert: the second loss, 1 divided by the total weight of the
    real experts, keeps selectors away from these codes.

    Args:
        gates: The number of gates, T.
        experts: The number of experts, E, 2 or more.
        selectors: The largest number of experts that a gate selects, k.
        gamma: The width of the smooth step.
        entropy: The factor of the entropy loss.
        reachability: The factor of the second loss.
        per_example: Whether z and the logits of the softmax are linear functions of a
            row; if False they are the same for all rows.
        by_task: See `StackedDense`.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A tensor of shape (N, width).

    Call returns:
        The weights, (T, E, N), or (T, E, 1) if they are the same for all rows.

    Example:

    >>> gate = SelectGate(gates=2, experts=4, selectors=2)
    >>> weights = gate(np.ones((5, 3), "float32"))
    >>> weights.shape.as_list(), float(np.sum(weights[0]).round(3))
    ([2, 4, 1], 1.0)
    """

    def __init__(
        self,
        gates,
        experts,
        selectors=2,
        gamma=1.0,
        entropy=1e-6,
        reachability=1e-2,
        per_example=False,
        by_task=False,
        **kwargs,
    ):
        # The gate computes in float32, since half precision would round steps to 0.
        super().__init__(**{"autocast": False, **kwargs})
        self.gates = gates
        self.experts = experts
        self.selectors = selectors
        self.gamma = gamma
        self.entropy = entropy
        self.reachability = reachability
        self.per_example = per_example
        self.by_task = by_task
        self.bits = max(1, math.ceil(math.log2(experts)))

    def build(self, input_shape):
        # Static gates are functions of a row with the single number 1.
        width = input_shape[-1] if self.per_example else 1
        limit = self.gamma / 100
        self.codes = self.add_weight(
            name="codes",
            shape=(self.gates, self.selectors, self.bits, width),
            dtype="float32",
            autocast=False,
            # Near the middle of the step, where the gradient is largest.
            initializer=keras.initializers.RandomUniform(-limit, limit),
        )
        self.shares = self.add_weight(
            name="shares",
            shape=(self.gates, self.selectors, width),
            dtype="float32",
            autocast=False,
            initializer="zeros",
        )
        self.built = True

    def call(self, inputs):
        codes, shares = self._numbers(inputs)
        steps = smooth_step(codes, self.gamma)
        choices = ops.ones((1, 1, 1, 1))
        for bit in range(self.bits):
            # For each position of an expert, whether the bit is 1.
            is_one = (np.arange(2**self.bits) >> bit) % 2
            is_one = is_one.reshape(1, 1, -1, 1).astype("float32")
            step = steps[:, :, bit : bit + 1]
            choices = choices * (is_one * step + (1 - is_one) * (1 - step))
        choices = choices[:, :, : self.experts]
        self._add_losses(choices)
        weights = ops.sum(ops.expand_dims(ops.softmax(shares, 1), 2) * choices, 1)
        return ops.cast(weights, self.compute_dtype)

    def _numbers(self, inputs):
        """Return the codes, (T, k, bits, N), and the shares, (T, k, N)."""
        if not self.per_example:
            return self.codes, self.shares
        columns = ops.transpose(ops.cast(inputs, "float32"))
        return ops.matmul(self.codes, columns), ops.matmul(self.shares, columns)

    def _add_losses(self, choices):
        def total(values):
            if not self.per_example:
                return ops.sum(values)
            return ops.sum(mean_over_present(values))

        if self.entropy:
            entropies = -ops.sum(choices * ops.log(choices + 1e-6), axis=2)
            factor = setting_value("entropy", self.entropy)
            self.add_loss(factor * total(entropies))
        if self.reachability and self.experts < 2**self.bits:
            reached = ops.sum(choices, axis=2)
            factor = setting_value("reachability", self.reachability)
            self.add_loss(factor * total(1 / (reached + 1e-3)))

    def compute_output_shape(self, input_shape):
        return (self.gates, self.experts, input_shape[0] if self.per_example else 1)

    def get_config(self):
        return {
            **super().get_config(),
            "gates": self.gates,
            "experts": self.experts,
            "selectors": self.selectors,
            "gamma": self.gamma,
            "entropy": self.entropy,
            "reachability": self.reachability,
            "per_example": self.per_example,
            "by_task": self.by_task,
        }
