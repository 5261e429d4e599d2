"""The tasks' gradients on shared variables.

A Jacobian is a list of tensors (T, *shape), one per variable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import tensorflow as tf

from keras_mtl.engine.map_members import map_members

__all__ = [
    "Branch",
    "LossBranch",
    "StackBranch",
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
        rows: The gradients on the shared variables, as a Jacobian.
        heads: For each other variable, the gradient of its tasks' losses.
    """

    rows: Rows
    heads: list[tf.Tensor]


def task_gradients(
    tape: tf.GradientTape,
    branches: Sequence[Branch],
    losses: Sequence[tf.Tensor],
    shared: Sequence[tf.Tensor],
    private: Sequence[tf.Tensor],
    owners: Sequence[tuple[int, ...]],
    together: int = 1024,
) -> TaskGradients:
    """Compute each task's gradients by a separate backward pass.

    The passes of a branch are vectorized over its tasks, through the trunk only. (If
    they included the heads, each pass would go through all heads.)

    Args:
        tape: A persistent tape of the forward pass.
        branches: The starts of the passes, which together cover all tasks.
        losses: The tasks' losses, as separate vectors on the tape, one per block.
        shared: The shared variables' values.
        private: The values of the other variables.
        owners: The positions of the tasks of each private variable.
        together: The number of passes that are vectorized at once. Each needs memory
            for the trunk's activations.
    """
    heads: list[tf.Tensor | None] = [None] * len(private)
    rows: list[Rows] = []
    for branch in branches:
        # A pass from a task's loss goes through its head on the way to the trunk. The
        # head's own gradient is then free.
        own = [
            index
            for index, owner in enumerate(owners)
            if len(branch.tasks) == 1 and owner == branch.tasks
        ]
        sources = [*shared, *[private[index] for index in own]]
        found = _passes(tape, branch, sources, together)
        rows.append(found[: len(shared)])
        for index, gradient in zip(own, found[len(shared) :], strict=True):
            heads[index] = gradient[0]
    rest = [index for index, gradient in enumerate(heads) if gradient is None]
    gradients = tape.gradient(
        losses,
        [private[index] for index in rest],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    for index, gradient in zip(rest, gradients, strict=True):
        heads[index] = gradient
    order = _tasks_of(branches)
    return TaskGradients(
        [_in_order(parts, order) for parts in zip(*rows, strict=True)], heads
    )


def gramian_without_rows(
    tape: tf.GradientTape, branches: Sequence[Branch], variables: Sequence[tf.Tensor]
) -> tf.Tensor:
    """Compute the inner products of the tasks' gradients, (T, T), one task at a time.

    Each iteration computes the gradient `g_i` of one task by a backward pass, and its
    products with all gradients, `J g_i`. A backward pass is linear in its start, and
    the gradient with respect to the start is its transpose. Memory holds one task's
    gradient at a time, at the cost of about one more forward pass per task.

    Args:
        tape: A persistent tape of the forward pass.
        branches: The starts of the passes, which together cover all tasks.
        variables: The shared variables' values.
    """
    order = _tasks_of(branches)
    count = len(order)
    targets = [branch.target for branch in branches]

    def one_task(task: tf.Tensor, products: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        starts = [branch.start_of(task) for branch in branches]
        with tf.GradientTape() as transpose:
            transpose.watch(starts)
            gradient = tape.gradient(
                targets,
                variables,
                output_gradients=starts,
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
        changes = transpose.gradient(
            gradient,
            starts,
            output_gradients=gradient,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        found = [
            branch.products(change)
            for branch, change in zip(branches, changes, strict=True)
        ]
        row = _in_order(found, order)
        return task + 1, tf.tensor_scatter_nd_update(products, [[task]], row[None])

    return tf.while_loop(
        lambda task, _: task < count,
        one_task,
        (tf.constant(0), tf.zeros([count, count])),
        parallel_iterations=1,
        maximum_iterations=count,
    )[1]


def _passes(
    tape: tf.GradientTape,
    branch: Branch,
    sources: Sequence[tf.Tensor],
    together: int,
) -> Rows:
    """Return the gradients of a branch's tasks, one tensor (T, *shape) per source."""

    def one_task(start: tf.Tensor) -> list[tf.Tensor]:
        found: list[tf.Tensor] = tape.gradient(
            branch.target,
            sources,
            output_gradients=start,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return found

    starts = branch.starts()
    parts = [
        map_members(one_task, starts[first : first + together])
        for first in range(0, len(branch.tasks), together)
    ]
    if len(parts) == 1:
        return list(parts[0])
    return [tf.concat(each, axis=0) for each in zip(*parts, strict=True)]


def _tasks_of(branches: Sequence[Branch]) -> list[int]:
    return [task for branch in branches for task in branch.tasks]


def _in_order(parts: Sequence[tf.Tensor], order: Sequence[int]) -> tf.Tensor:
    """Join parts, and sort their entries by task."""
    joined = parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)
    positions = sorted(range(len(order)), key=order.__getitem__)
    in_order = positions == list(range(len(order)))
    return joined if in_order else tf.gather(joined, positions)


def gramian(rows: Rows, others: Rows) -> tf.Tensor:
    """Return the inner products of the tasks' gradients, (T, T).

    Args:
        rows: A Jacobian.
        others: The same Jacobian, or the Jacobian of an independent part of the batch.
    """
    tasks = rows[0].shape[0]
    products = []
    for left, right in zip(rows, others, strict=True):
        flat = tf.reshape(tf.cast(left, tf.float32), [tasks, -1])
        other = tf.reshape(tf.cast(right, tf.float32), [tasks, -1])
        products.append(tf.matmul(flat, other, transpose_b=True))
    return tf.add_n(products)


def weigh_rows(rows: Rows, weights: tf.Tensor) -> list[tf.Tensor]:
    """Return the weighted sum of the tasks' gradients on each variable."""
    return [
        tf.tensordot(tf.cast(weights, each.dtype), each, axes=[[0], [0]])
        for each in rows
    ]


def flatten_rows(rows: Rows) -> tf.Tensor:
    """Return the Jacobian as one matrix, (T, P)."""
    tasks = rows[0].shape[0]
    return tf.concat([tf.reshape(each, [tasks, -1]) for each in rows], axis=1)


def unflatten_update(update: tf.Tensor, rows: Rows) -> list[tf.Tensor]:
    """Split an update, (P,), into the shapes of a Jacobian's variables."""
    sizes = [each.shape[1:].num_elements() for each in rows]
    return [
        tf.reshape(part, each.shape[1:])
        for part, each in zip(tf.split(update, sizes), rows, strict=True)
    ]


class Branch(Protocol):
    """Tasks whose backward passes start from one target.

    Attributes:
        tasks: The tasks' positions.
        target: A tensor on the tape.
    """

    @property
    def tasks(self) -> tuple[int, ...]: ...

    @property
    def target(self) -> tf.Tensor: ...

    def starts(self) -> tf.Tensor:
        """Return the gradients of the losses by the target, (T, *target.shape)."""

    def start_of(self, task: tf.Tensor) -> tf.Tensor:
        """Return one loss's gradient by the target; zeros for another branch's task.

        Args:
            task: The task's position in the model, a scalar.
        """

    def products(self, change: tf.Tensor) -> tf.Tensor:
        """Return the inner products of all starts with a change of the target.

        Args:
            change: A tensor of the target's shape.

        Returns:
            float32 of shape (T,).
        """


@dataclass(frozen=True)
class LossBranch:
    """Tasks whose passes start from their losses.

    Attributes:
        tasks: See `Branch`.
        target: The tasks' losses, (T,).
    """

    tasks: tuple[int, ...]
    target: tf.Tensor

    def starts(self) -> tf.Tensor:
        return tf.eye(len(self.tasks))

    def start_of(self, task: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.equal(tf.constant(self.tasks), task), tf.float32)

    def products(self, change: tf.Tensor) -> tf.Tensor:
        return change


@dataclass(frozen=True)
class StackBranch:
    """The heads of a `HeadStack`, whose passes start from their common input.

    Each head begins with a product of the representation and its own kernel. One
    backward pass computes the gradients by these products for all tasks, since no
    task's loss depends on another task's product.

    Attributes:
        tasks: See `Branch`.
        target: The representation, (N, width).
        kernel: The heads' first kernels, (T, width, units).
        slopes: The gradients of the tasks' losses by their products, (T, units, N).
    """

    tasks: tuple[int, ...]
    target: tf.Tensor
    kernel: tf.Tensor
    slopes: tf.Tensor

    def starts(self) -> tf.Tensor:
        found = tf.matmul(self.slopes, self.kernel, transpose_a=True, transpose_b=True)
        return tf.cast(found, self.target.dtype)

    def start_of(self, task: tf.Tensor) -> tf.Tensor:
        hits = tf.equal(tf.constant(self.tasks), task)
        position = tf.argmax(hits)
        slopes = tf.gather(self.slopes, position)
        kernel = tf.gather(self.kernel, position)
        found = tf.matmul(slopes, kernel, transpose_a=True, transpose_b=True)
        found = tf.where(tf.reduce_any(hits), found, tf.zeros_like(found))
        return tf.cast(found, self.target.dtype)

    def products(self, change: tf.Tensor) -> tf.Tensor:
        tasks, width, units = self.kernel.shape
        kernels = tf.reshape(tf.transpose(self.kernel, (0, 2, 1)), (-1, width))
        moved = tf.matmul(kernels, tf.cast(change, kernels.dtype), transpose_b=True)
        found = tf.reshape(moved, (tasks, units, -1)) * self.slopes
        return tf.reduce_sum(tf.cast(found, tf.float32), axis=(1, 2))
