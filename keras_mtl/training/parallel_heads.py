"""Backward passes from a stack of heads into the trunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from keras_mtl.layers import stacked_heads

__all__ = ["ParallelHeads", "find_parallel_heads"]


class ParallelHeads(NamedTuple):
    """The tasks of a `HeadStack`, at the place where they part.

    Each head starts with a product of the representation and its own kernel.
    The gradient by these products is found for all tasks at once, and that by
    the representation, which differs from task to task, is one product more.

    Attributes:
        tasks: The tasks' numbers.
        inputs: The representation, (N, width).
        kernel: The heads' first kernels, (T, width, units).
        slopes: Each task's loss by its product, (T, units, N).
    """

    tasks: tuple[int, ...]
    inputs: tf.Tensor
    kernel: tf.Tensor
    slopes: tf.Tensor

    def starts(self) -> tf.Tensor:
        """Returns each task's loss by the representation, (T, N, width)."""
        found = tf.matmul(self.slopes, self.kernel, transpose_a=True, transpose_b=True)
        return tf.cast(found, self.inputs.dtype)

    def start_of(self, task: tf.Tensor) -> tf.Tensor:
        """Returns one task's loss by the representation, (N, width).

        Args:
            task: The task's number; zeros if it is not in this stack.
        """
        hits = tf.equal(tf.constant(self.tasks), task)
        place = tf.argmax(hits)
        slopes, kernel = tf.gather(self.slopes, place), tf.gather(self.kernel, place)
        found = tf.matmul(slopes, kernel, transpose_a=True, transpose_b=True)
        found = tf.where(tf.reduce_any(hits), found, tf.zeros_like(found))
        return tf.cast(found, self.inputs.dtype)

    def products(self, moved: tf.Tensor) -> tf.Tensor:
        """Returns the tasks' inner products with a change of representation.

        Args:
            moved: (N, width).

        Returns:
            (T,), in float32.
        """
        tasks, width, units = self.kernel.shape
        kernels = tf.reshape(tf.transpose(self.kernel, (0, 2, 1)), (-1, width))
        moved = tf.matmul(kernels, tf.cast(moved, kernels.dtype), transpose_b=True)
        found = tf.reshape(moved, (tasks, units, -1)) * self.slopes
        return tf.reduce_sum(tf.cast(found, tf.float32), axis=(1, 2))

    def rows(
        self, tape: tf.GradientTape, variables: Sequence[tf.Tensor], together: int
    ) -> list[tf.Tensor]:
        """Returns the tasks' gradients on shared variables, a Jacobian.

        Args:
            tape: A persistent tape of the forward pass.
            variables: The shared variables' values.
            together: How many tasks are vectorised at once.
        """

        def one_task(start: tf.Tensor) -> list[tf.Tensor]:
            found: list[tf.Tensor] = tape.gradient(
                self.inputs,
                variables,
                output_gradients=start,
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
            return found

        starts = self.starts()
        parts = [
            tf.vectorized_map(one_task, starts[first : first + together])
            for first in range(0, len(self.tasks), together)
        ]
        return [tf.concat(each, axis=0) for each in zip(*parts, strict=True)]


def find_parallel_heads(
    tape: tf.GradientTape,
    outputs: Mapping[str, Any],
    losses: Sequence[tf.Tensor],
    stacks: Sequence[tuple[int, ...]],
) -> list[ParallelHeads]:
    """Finds where the tasks of each stack part, by one backward pass.

    Args:
        tape: A persistent tape of the forward pass.
        outputs: By task name, in the tasks' order, the model's outputs.
        losses: The tasks' losses, in parts.
        stacks: For each stack the numbers of its tasks.
    """
    names = list(outputs)
    found = []
    for tasks in stacks:
        heads = stacked_heads(outputs, [names[task] for task in tasks])
        if heads is not None:
            found.append((tasks, heads[0]))
    slopes = tape.gradient(
        losses,
        [heads.projected for _, heads in found],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    return [
        ParallelHeads(tasks, heads.inputs, heads.kernel, slope)
        for (tasks, heads), slope in zip(found, slopes, strict=True)
    ]
