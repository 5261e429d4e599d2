"""How a training step on one task changes the losses of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.jacobian import LossBranch, task_gradients
from keras_mtl.engine.map_members import map_members
from keras_mtl.weighting import get as get_weighting

__all__ = ["AffinityMeter", "mean_affinity"]

# So many look-ahead steps go through the model at once: each needs memory for the
# activations of a batch.
STEPS_AT_ONCE = 32


class AffinityMeter:
    """Affinities of the tasks at given weights (Fifty et al. 2021).

    The affinity of task i onto task j is `1 - L_j(after) / L_j(before)`, where
    `after` is one step of gradient descent on the loss of task i alone, which
    moves the variables that tasks share and no others. Above 0 the step on
    task i lowers the loss of task j. Both losses are those of the same batch,
    without dropout and other noise of training, so that nothing but the step
    changes them. The tasks' loss weights do not count.

    Args:
        model: A `MultiTaskModel`. Its variables are neither read nor written.
        losses: Losses by task name, in place of the tasks' own.
        members: The number of members whose values are given together, with an
            axis in front; None for one model, without such an axis.
    """

    def __init__(
        self,
        model: Any,
        losses: Mapping[str, Any] | None = None,
        members: int | None = None,
    ) -> None:
        self.step = BatchStep(model, get_weighting("sum"), losses)
        self.members = members
        # Traced once for each shape of a batch.
        self._measure = tf.function(self._all_members, autograph=False)

    def __call__(
        self,
        weights: Sequence[Any],
        statistics: Sequence[Any],
        batch: Batch,
        step_size: float,
    ) -> np.ndarray:
        """Returns the affinities, (T, T) or (members, T, T).

        Args:
            weights: Values of the model's trainable variables.
            statistics: Values of its other variables.
            batch: The batch, packed by block.
            step_size: The learning rate of the step.

        Returns:
            Entry (i, j) is the affinity of task i onto task j. NaN where one of
            the two has no label in the batch, or no variable is shared.
        """
        found: np.ndarray = self._measure(
            list(weights), list(statistics), batch, tf.constant(step_size, tf.float32)
        ).numpy()
        return found

    def _all_members(
        self, weights: Any, statistics: Any, batch: Batch, step_size: tf.Tensor
    ) -> tf.Tensor:
        def one_member(arguments: Any) -> tf.Tensor:
            own_weights, own_statistics, own_batch = arguments
            return self._one_member(own_weights, own_statistics, own_batch, step_size)

        arguments = (weights, statistics, batch)
        if self.members is None:
            return one_member(arguments)
        return map_members(one_member, arguments)

    def _one_member(
        self, weights: Any, statistics: Any, batch: Batch, step_size: tf.Tensor
    ) -> tf.Tensor:
        tasks = len(self.step.model.tasks)
        shared = self.step.groups.shared
        if not shared:
            return tf.fill([tasks, tasks], np.float32(np.nan))
        sources = [weights[index] for index in shared]

        def losses_at(values: Sequence[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
            moved = list(weights)
            for index, value in zip(shared, values, strict=True):
                moved[index] = value
            _, _, losses, counts, _ = self.step.forward(
                moved, statistics, batch, training=False
            )
            return losses, counts

        with tf.GradientTape(persistent=True) as tape:
            tape.watch(sources)
            before, counts = losses_at(sources)
        branches = [LossBranch(tuple(range(tasks)), before)]
        rows = task_gradients(tape, branches, [before], sources, [], []).rows

        def step_on_task(gradients: Any) -> tf.Tensor:
            return losses_at(
                [
                    value - tf.cast(step_size, value.dtype) * gradient
                    for value, gradient in zip(sources, gradients, strict=True)
                ]
            )[0]

        after = tf.concat(
            [
                map_members(
                    step_on_task, [row[first : first + STEPS_AT_ONCE] for row in rows]
                )
                for first in range(0, tasks, STEPS_AT_ONCE)
            ],
            axis=0,
        )
        labelled = counts > 0
        known = labelled[:, None] & (labelled & (before != 0))[None, :]
        change = 1 - after / tf.where(before == 0, 1.0, before)
        return tf.where(known, change, np.float32(np.nan))


def mean_affinity(affinities: np.ndarray) -> np.ndarray:
    """Returns the mean over the first axis, of the entries that are known.

    Args:
        affinities: Of shape (n, ...), NaN where unknown.

    Returns:
        The means; NaN where no entry is known.

    Example:

    >>> mean_affinity(np.array([[0.1, np.nan], [0.3, np.nan]])).tolist()
    [0.2, nan]
    """
    known = np.isfinite(affinities)
    total = np.where(known, affinities, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
