"""Adam as a pure function."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

__all__ = ["AdamState", "adam_update", "initial_adam_state"]

BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-7


class AdamState(NamedTuple):
    """Adam's moments, of the weights' shapes, and the updates made, (K,)."""

    first: list[tf.Tensor]
    second: list[tf.Tensor]
    updates: tf.Tensor


def initial_adam_state(weights: list[tf.Tensor], members: int) -> AdamState:
    """Returns the state before the first update.

    Args:
        weights: Stacks of the members' weights, each of shape (K, ...).
        members: K.
    """
    return AdamState(
        [tf.zeros_like(weight) for weight in weights],
        [tf.zeros_like(weight) for weight in weights],
        tf.zeros(members),
    )


def adam_update(
    weights: list[tf.Tensor],
    gradients: list[tf.Tensor],
    state: AdamState,
    learning_rate: tf.Tensor,
    weight_decay: tf.Tensor,
    moving: tf.Tensor,
) -> tuple[list[tf.Tensor], AdamState]:
    """Makes one AdamW update of each member, in `keras.optimizers.Adam`'s form.

    Keras's own optimizer can't serve here: it has one step count and one
    learning rate for all that it updates, and on TensorFlow no pure form.
    Kingma and Ba (2015), algorithm 1 with the order of computation of section
    2; the decay is that of Loshchilov and Hutter (2019), algorithm 2.

    Args:
        weights: Stacks of the members' weights, each of shape (K, ...).
        gradients: Of the same shapes.
        state: The state before the update.
        learning_rate: For each member, (K,).
        weight_decay: For each member, (K,); of kernels, which have two axes or
            more, alone.
        moving: 1 for a member that is updated and 0 for one that stays, (K,).

    Returns:
        The new weights and the new state.
    """
    updates = state.updates + moving
    # A member that has not moved yet divides by 1 - 1.
    counted = tf.maximum(updates, 1.0)
    rate = learning_rate * tf.sqrt(1 - BETA_2**counted) / (1 - BETA_1**counted)
    new_weights, new_first, new_second = [], [], []
    for weight, gradient, first, second in zip(
        weights, gradients, state.first, state.second, strict=True
    ):
        # (K,) to (K, 1, ...).
        shape = [-1] + [1] * (len(weight.shape) - 1)
        move, step = tf.reshape(moving, shape), tf.reshape(rate, shape)
        first += move * (1 - BETA_1) * (gradient - first)
        second += move * (1 - BETA_2) * (tf.square(gradient) - second)
        if len(weight.shape) > 2:
            decay = tf.reshape(learning_rate * weight_decay, shape)
            weight -= move * decay * weight
        new_weights.append(weight - move * step * first / (tf.sqrt(second) + EPSILON))
        new_first.append(first)
        new_second.append(second)
    return new_weights, AdamState(new_first, new_second, updates)
