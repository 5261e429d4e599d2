"""The tasks' gradients on shared variables.

A Jacobian is a list with the rows of each variable: tensors (T, *shape).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from keras_mtl.training.parallel_heads import ParallelHeads

__all__ = [
    "Losses",
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
        heads: On each of the other variables, the gradient of its tasks' losses.
    """

    rows: Rows
    heads: list[tf.Tensor]


class Losses(NamedTuple):
    """The tasks' losses on a tape.

    Attributes:
        tape: A persistent tape of the forward pass.
        tasks: For each of `values` the numbers of its tasks.
        values: Vectors that were never put beside each other.
        stacks: The tasks whose heads are in stacks.
    """

    tape: tf.GradientTape
    tasks: Sequence[tuple[int, ...]]
    values: Sequence[tf.Tensor]
    stacks: Sequence[ParallelHeads]

    @property
    def tasks_count(self) -> int:
        """The number of tasks."""
        return sum(len(tasks) for tasks in self.tasks)

    def alone(self) -> list[int]:
        """Returns the places in `values` of tasks that are in no stack."""
        stacked = {task for stack in self.stacks for task in stack.tasks}
        return [
            place
            for place, tasks in enumerate(self.tasks)
            if not stacked.issuperset(tasks)
        ]


def task_gradients(
    losses: Losses,
    shared: Sequence[tf.Tensor],
    private: Sequence[tf.Tensor],
    owners: Sequence[tuple[int, ...]],
    together: int = 1024,
) -> TaskGradients:
    """Returns each task's gradients, by a backward pass that is its own.

    The heads of a stack take one pass together, as each reaches its own
    variables and its own product with the representation alone; from there the
    passes through the trunk are vectorised over the tasks. A head that is by
    itself has a pass through itself and the trunk. (Vectorised over the tasks
    as a whole, each pass would go through all heads.)

    Args:
        losses: The tasks' losses.
        shared: The shared variables' values.
        private: The values of the other variables.
        owners: For each of them the numbers of its tasks.
        together: How many passes through the trunk are vectorised at once: each
            needs memory for the trunk's activations.
    """
    tape = losses.tape
    heads: list[Any] = [None] * len(private)
    rows_of_task: list[tuple[tuple[int, ...], Rows]] = []
    for place in losses.alone():
        tasks, value = losses.tasks[place], losses.values[place]
        own = [i for i, owner in enumerate(owners) if set(owner) <= set(tasks)]
        for position, task in enumerate(tasks):
            gradients = tape.gradient(
                value,
                [*shared, *[private[index] for index in own]],
                output_gradients=tf.one_hot(position, len(tasks)),
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
            rows_of_task.append(
                ((task,), [each[None] for each in gradients[: len(shared)]])
            )
            for index, found in zip(own, gradients[len(shared) :], strict=True):
                heads[index] = found if heads[index] is None else heads[index] + found
    for stack in losses.stacks:
        rows_of_task.append((stack.tasks, stack.rows(tape, shared, together)))
    rest = [index for index, found in enumerate(heads) if found is None]
    gradients = tape.gradient(
        losses.values,
        [private[index] for index in rest],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    for index, found in zip(rest, gradients, strict=True):
        heads[index] = found
    order = [task for tasks, _ in rows_of_task for task in tasks]
    rows = [
        _in_order([each[index] for _, each in rows_of_task], order)
        for index in range(len(shared))
    ]
    return TaskGradients(rows, heads)


def gramian_without_rows(losses: Losses, variables: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the inner products of the tasks' gradients, (T, T), one by one.

    A turn makes the gradient `g_i` of one task, by a backward pass, and its
    products with all others, `J g_i`: a backward pass is linear in what it
    starts from, and its transpose is the gradient by that. It starts from the
    factors of the losses, or from the representation that a stack of heads
    reads. Memory holds one task's gradient at a time, at the price of about one
    forward pass more a task.

    Args:
        losses: The tasks' losses.
        variables: The shared variables' values.
    """
    count, alone = losses.tasks_count, losses.alone()
    targets = [losses.values[place] for place in alone]
    targets += [stack.inputs for stack in losses.stacks]
    order = [task for place in alone for task in losses.tasks[place]]
    order += [task for stack in losses.stacks for task in stack.tasks]

    def one_task(task: tf.Tensor, products: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        one_hot = tf.one_hot(task, count)
        starts = [tf.gather(one_hot, losses.tasks[place]) for place in alone]
        starts += [stack.start_of(task) for stack in losses.stacks]
        with tf.GradientTape() as transpose:
            transpose.watch(starts)
            gradient = losses.tape.gradient(
                targets,
                variables,
                output_gradients=starts,
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
        moved = transpose.gradient(
            gradient,
            starts,
            output_gradients=gradient,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        found = moved[: len(alone)]
        for stack, each in zip(losses.stacks, moved[len(alone) :], strict=True):
            found.append(stack.products(each))
        row = _in_order(found, order)
        return task + 1, tf.tensor_scatter_nd_update(products, [[task]], row[None])

    return tf.while_loop(
        lambda task, _: task < count,
        one_task,
        (tf.constant(0), tf.zeros([count, count])),
        parallel_iterations=1,
        maximum_iterations=count,
    )[1]


def _in_order(parts: Sequence[tf.Tensor], order: Sequence[int]) -> tf.Tensor:
    """Puts parts side by side, and their entries in the tasks' order."""
    joined = parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)
    places = sorted(range(len(order)), key=order.__getitem__)
    return joined if places == list(range(len(order))) else tf.gather(joined, places)


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
