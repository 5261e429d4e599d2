"""Where the tasks part: the starts of the backward passes into the trunk.

The trunk is shared, so each task's gradient on it needs a backward pass of its
own. Every pass starts from a target, a tensor of the forward pass, and from a
vector for each task: what the task's loss gets by that target.

A branch is the tasks with a common target. For a block of tasks in general the
target is the vector of their losses and the starts are unit vectors. For the
heads of a `HeadStack` it is the representation that they read: one product
gives all tasks' starts, and the passes do not go through the heads again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf

__all__ = ["Branch", "LossBranch", "StackBranch"]


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
        """Returns each task's loss by the target, (T, *target)."""

    def start_of(self, task: tf.Tensor) -> tf.Tensor:
        """Returns one task's loss by the target; zeros if it is not of this branch.

        Args:
            task: The task's position in the model, a scalar.
        """

    def products(self, change: tf.Tensor) -> tf.Tensor:
        """Returns the inner products of all starts with a change of the target.

        Args:
            change: Of the target's shape.

        Returns:
            float32 of shape (T,).
        """


@dataclass(frozen=True)
class LossBranch:
    """Tasks whose passes start from their losses.

    Attributes:
        tasks: See `Branch`.
        target: Their losses, (T,).
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
    """The heads of a `HeadStack`, whose passes start from what they read.

    Each head begins with a product of the representation and its own kernel.
    The losses by these products are found for all tasks in one backward pass,
    as no task's loss depends on another's product.

    Attributes:
        tasks: See `Branch`.
        target: The representation, (N, width).
        kernel: The heads' first kernels, (T, width, units).
        slopes: Each task's loss by its product, (T, units, N).
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
