"""The tasks' gradients on shared variables, layer by layer.

A Jacobian is a list with the rows of each variable: tensors (T, *shape).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

__all__ = [
    "TaskGradients",
    "flatten_rows",
    "gramian",
    "task_gradients",
    "task_rows",
    "unflatten_update",
    "weigh_rows",
]

Rows = list[tf.Tensor]


class TaskGradients(NamedTuple):
    """The gradients of all tasks.

    Attributes:
        rows: On the shared variables, a Jacobian.
        heads: On the other variables, each with the number of its task.
    """

    rows: Rows
    heads: list[tuple[int, tf.Tensor]]


def task_gradients(
    tape: tf.GradientTape,
    losses: Sequence[tf.Tensor],
    shared: Sequence[tf.Tensor],
    private: Sequence[tf.Tensor],
) -> TaskGradients:
    """Returns each task's gradients, by a backward pass that is its own.

    A pass goes through the task's own head and the trunk, so that all of them
    together cost one pass through the heads and T through the trunk. The
    passes are parts of one program and run side by side. (Vectorised over the
    tasks, each would go through all heads.)

    Args:
        tape: A persistent tape of the forward pass.
        losses: The tasks' losses, T scalars.
        shared: The shared variables' values.
        private: The values of variables that one task uses.
    """
    each = [tape.gradient(loss, [*shared, *private]) for loss in losses]
    rows = [
        tf.stack(
            [
                tf.zeros_like(variable)
                if gradients[index] is None
                else gradients[index]
                for gradients in each
            ]
        )
        for index, variable in enumerate(shared)
    ]
    heads = []
    for index, variable in enumerate(private, start=len(shared)):
        found = [
            (task, gradients[index])
            for task, gradients in enumerate(each)
            if gradients[index] is not None
        ]
        heads.append(found[0] if found else (0, tf.zeros_like(variable)))
    return TaskGradients(rows, heads)


def task_rows(
    tape: tf.GradientTape, losses: Sequence[tf.Tensor], variables: Sequence[tf.Tensor]
) -> Rows:
    """Returns each task's gradient on each variable, a layer after the other.

    One backward pass is vectorised over the tasks, so that all rows of a layer
    are made together and can be dropped before those of the next.

    Args:
        tape: A persistent tape of the forward pass.
        losses: The tasks' losses, T scalars.
        variables: The shared variables' values.
    """
    tasks = len(losses)

    def one_task(factors: tf.Tensor) -> Rows:
        return tape.gradient(
            losses,
            variables,
            output_gradients=tf.unstack(factors),
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )

    rows = tf.vectorized_map(one_task, tf.eye(tasks))
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
