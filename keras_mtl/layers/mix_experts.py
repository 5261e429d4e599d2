"""Sums of experts, weighted by gates."""

import keras
from keras import ops

__all__ = ["MixExperts", "MixOwnExperts", "RenormalizeGate"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class RenormalizeGate(keras.layers.Layer):
    """Layer that scales the weights of a gate after dropout to sum to 1 again.

    Call arguments:
        inputs: A list of two tensors of shape (T, E, N): the weights after dropout, and
            those before. If all experts of a row are dropped, the weights from before
            are used.

    Call returns:
        A tensor of shape (T, E, N).

    Example:

    >>> import numpy as np
    >>> dropped, before = np.array([[[0.0], [0.5]]]), np.array([[[0.5], [0.5]]])
    >>> RenormalizeGate()([dropped, before]).numpy().ravel().tolist()
    [0.0, 1.0]
    """

    def call(self, inputs):
        dropped, before = inputs
        total = ops.sum(dropped, axis=1, keepdims=True)
        # Both branches are finite, so all gradients are finite.
        is_lost = total <= 0
        scaled = dropped / ops.where(is_lost, ops.ones_like(total), total)
        return ops.where(is_lost, before, scaled)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])


@keras.saving.register_keras_serializable(package="keras_mtl")
class MixExperts(keras.layers.Layer):
    """Layer of weighted sums of shared experts: `f_t = sum_e g_te E_e` for each row.

    Call arguments:
        inputs: A list of two tensors: the gates, (T, E, N), or (T, E, 1) if they are
            equal for all rows; and the experts, (E, units, N).

    Call returns:
        A tensor of shape (T, units, N).

    Example:

    >>> import numpy as np
    >>> gates, experts = np.ones((2, 3, 5)) / 3, np.ones((3, 4, 5))
    >>> MixExperts()([gates, experts]).shape.as_list()
    [2, 4, 5]
    """

    def call(self, inputs):
        gates, experts = inputs
        if gates.shape[-1] != 1:
            return _mix_by_row(gates, experts)
        count, units = experts.shape[:2]
        mixed = ops.matmul(gates[:, :, 0], ops.reshape(experts, (count, -1)))
        return ops.reshape(mixed, (gates.shape[0], units, -1))

    def compute_output_shape(self, input_shape):
        gates, experts = input_shape
        return (gates[0], experts[1], experts[2])


@keras.saving.register_keras_serializable(package="keras_mtl")
class MixOwnExperts(keras.layers.Layer):
    """Layer of weighted sums of task and shared experts, as in PLE (Tang et al. 2020).

    `f_t = sum_o g_to O_to + sum_s g_t(K+s) S_s` for each row, where task t has K
    experts of its own, O_t1, ..., O_tK.

    Call arguments:
        inputs: A list of tensors: the gates, (T, K + S, N); the experts of the tasks,
            (T * K, units, N); and the shared experts, (S, units, N), which can be left
            out.

    Call returns:
        A tensor of shape (T, units, N).

    Example:

    >>> import numpy as np
    >>> gates = np.ones((2, 3, 5)) / 3
    >>> own, shared = np.ones((4, 6, 5)), np.ones((1, 6, 5))
    >>> MixOwnExperts()([gates, own, shared]).shape.as_list()
    [2, 6, 5]
    """

    def call(self, inputs):
        gates, own, *shared = inputs
        tasks = gates.shape[0]
        each = own.shape[0] // tasks
        by_task = ops.reshape(own, (tasks, each, own.shape[1], -1))
        # A task has few experts of its own: a sum of products needs no transposition.
        mixed = ops.sum(ops.expand_dims(gates[:, :each], 2) * by_task, axis=1)
        for experts in shared:
            mixed = mixed + _mix_by_row(gates[:, each:], experts)
        return mixed

    def compute_output_shape(self, input_shape):
        gates, own = input_shape[:2]
        return (gates[0], own[1], own[2])


def _mix_by_row(gates, experts):
    """Sum experts, (E, units, N), by the gates of each row, (T, E, N)."""
    # One small product per row. With the rows first, the forward and backward passes
    # are plain batched products. With an einsum over the rows as the last axis, the
    # step of 64 tasks takes 1.3 times as long in XLA.
    by_row = ops.matmul(
        ops.transpose(gates, (2, 0, 1)), ops.transpose(experts, (2, 0, 1))
    )
    return ops.transpose(by_row, (1, 2, 0))
