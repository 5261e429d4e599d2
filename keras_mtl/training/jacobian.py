"""The tasks' gradients on shared variables, layer by layer.

A Jacobian is a list with the rows of each variable: tensors (T, *shape).
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

__all__ = ["flatten_rows", "gramian", "task_rows", "unflatten_update", "weigh_rows"]

Rows = list[tf.Tensor]


def task_rows(
    tape: tf.GradientTape, losses: tf.Tensor, variables: Sequence[tf.Tensor]
) -> Rows:
    """Returns each task's gradient on each variable, all in one backward pass.

    Args:
        tape: A persistent tape of the forward pass.
        losses: The tasks' losses, (T,).
        variables: The shared variables' values.
    """
    tasks = losses.shape[0]
    if tasks == 1:
        # Nothing to vectorise, and nothing to compile for it.
        gradients = tape.gradient(
            losses, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        return [gradient[None] for gradient in gradients]
    rows = tape.jacobian(
        losses, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    # The vectorised backward pass forgets how many tasks there are.
    return [
        tf.ensure_shape(each, [tasks, *variable.shape])
        for each, variable in zip(rows, variables, strict=True)
    ]


def gramian(rows: Rows, others: Rows) -> tf.Tensor:
    """Returns the inner products of the tasks' gradients, (T, T).

    The sum goes over the variables, so that the rows of one can be dropped
    before those of the next are needed.

    Args:
        rows: A Jacobian.
        others: The same one, or that of an independent part of the batch.
    """
    tasks = rows[0].shape[0]
    products = []
    for left, right in zip(rows, others, strict=True):
        flat = tf.reshape(tf.cast(left, tf.float32), [tasks, -1])
        other = tf.reshape(tf.cast(right, tf.float32), [tasks, -1])
        products.append(tf.matmul(flat, other, transpose_b=True))
    return tf.add_n(products)


def weigh_rows(rows: Rows, weights: tf.Tensor) -> list[tf.Tensor]:
    """Returns the weighted sum of the tasks' gradients on each variable."""
    return [
        tf.tensordot(tf.cast(weights, each.dtype), each, axes=[[0], [0]])
        for each in rows
    ]


def flatten_rows(rows: Rows) -> tf.Tensor:
    """Returns the Jacobian as one matrix, (T, P)."""
    tasks = rows[0].shape[0]
    return tf.concat([tf.reshape(each, [tasks, -1]) for each in rows], axis=1)


def unflatten_update(update: tf.Tensor, rows: Rows) -> list[tf.Tensor]:
    """Cuts an update, (P,), into the shapes of the variables of a Jacobian."""
    sizes = [each.shape[1:].num_elements() for each in rows]
    return [
        tf.reshape(part, each.shape[1:])
        for part, each in zip(tf.split(update, sizes), rows, strict=True)
    ]
