"""The tasks' gradients on shared variables.

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
    "gramian_without_rows",
    "task_gradients",
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


def gramian_without_rows(
    tape: tf.GradientTape, losses: Sequence[tf.Tensor], variables: Sequence[tf.Tensor]
) -> tf.Tensor:
    """Returns the inner products of the tasks' gradients, (T, T), one by one.

    A turn makes the gradient `g_i` of one task, by a backward pass, and its
    products with all others, `J g_i`: a backward pass is linear in the factors
    of the losses, and its transpose is the gradient by these factors. Memory
    holds one task's gradient at a time, at the price of about one forward pass
    more a task.

    Args:
        tape: A persistent tape of the forward pass.
        losses: The tasks' losses, T scalars.
        variables: The shared variables' values.
    """
    tasks = len(losses)

    def one_task(task: tf.Tensor, products: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        factors = tf.one_hot(task, tasks)
        with tf.GradientTape() as transpose:
            transpose.watch(factors)
            gradient = tape.gradient(
                losses,
                variables,
                output_gradients=tf.unstack(factors),
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
        row = transpose.gradient(gradient, factors, output_gradients=gradient)
        return task + 1, tf.tensor_scatter_nd_update(products, [[task]], row[None])

    return tf.while_loop(
        lambda task, _: task < tasks,
        one_task,
        (tf.constant(0), tf.zeros([tasks, tasks])),
        parallel_iterations=1,
        maximum_iterations=tasks,
    )[1]


def gramian(rows: Rows, others: Rows) -> tf.Tensor:
    """Returns the inner products of the tasks' gradients, (T, T).

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
