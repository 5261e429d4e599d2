"""Affinity: the effect of a step on one task on the losses of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.jacobian import LossBranch, gramian, task_gradients
from keras_mtl.engine.map_members import map_members
from keras_mtl.weighting import get as get_weighting

__all__ = ["AffinityMeter", "GradientLook"]

# The number of look-ahead steps that run at once: each needs memory for the activations
# of a batch.
STEPS_AT_ONCE = 32


class GradientLook(NamedTuple):
    """Affinities and cosines of the tasks at given weights.

    Attributes:
        affinity: The affinities, (T, T); entry (i, j) is that of task i onto task j.
            NaN if one of the two tasks has no label in the batch, or no variable is
            shared.
        cosines: The cosines between the tasks' gradients on shared variables, (T, T);
            NaN likewise, and if a gradient is 0.
    """

    affinity: Any
    cosines: Any


class AffinityMeter:
    """Affinities of the tasks at given weights (Fifty et al. 2021).

    The affinity of task i onto task j is `1 - L_j(after) / L_j(before)`, where `after`
    is one step of gradient descent on the loss of task i that changes only the shared
    variables. If it is above 0, the step on task i lowers the loss of task j. Both
    losses are those of the same batch without dropout and other noise of training, so
    only the step changes them. The tasks' loss weights are not used.

    Args:
        model: A `MultiTaskModel`. Its variables are neither read nor written.
        losses: Losses by task name, in place of the tasks' own.
        members: The number of members whose values have a leading axis; None for one
            model, without such an axis.
    """

    def __init__(
        self,
        model: Any,
        losses: Mapping[str, Any] | None = None,
        members: int | None = None,
    ) -> None:
        self.step = BatchStep(model, get_weighting("sum"), losses)
        self.members = members
        # Traced once per shape of a batch.
        self._measure = tf.function(self._all_members, autograph=False)

    def __call__(
        self,
        weights: Sequence[Any],
        statistics: Sequence[Any],
        batch: Batch,
        step_size: float,
    ) -> GradientLook:
        """Measure affinities and cosines, (T, T) or (members, T, T).

        Args:
            weights: Values of the model's trainable variables.
            statistics: Values of the model's other variables.
            batch: The batch, packed by block.
            step_size: The learning rate of the step.
        """
        found = self._measure(
            list(weights), list(statistics), batch, tf.constant(step_size, tf.float32)
        )
        return GradientLook(found.affinity.numpy(), found.cosines.numpy())

    def _all_members(
        self, weights: Any, statistics: Any, batch: Batch, step_size: tf.Tensor
    ) -> GradientLook:
        def one_member(arguments: Any) -> GradientLook:
            own_weights, own_statistics, own_batch = arguments
            return self._one_member(own_weights, own_statistics, own_batch, step_size)

        arguments = (weights, statistics, batch)
        if self.members is None:
            return one_member(arguments)
        found: GradientLook = map_members(one_member, arguments)
        return found

    def _one_member(
        self, weights: Any, statistics: Any, batch: Batch, step_size: tf.Tensor
    ) -> GradientLook:
        tasks = len(self.step.model.tasks)
        shared = self.step.groups.shared
        if not shared:
            unknown = tf.fill([tasks, tasks], np.float32(np.nan))
            return GradientLook(unknown, unknown)
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
        labeled = counts > 0
        known = labeled[:, None] & (labeled & (before != 0))[None, :]
        change = 1 - after / tf.where(before == 0, 1.0, before)
        affinity = tf.where(known, change, np.float32(np.nan))
        products = gramian(rows, rows)
        norms = tf.sqrt(tf.linalg.diag_part(products))
        # 0 / 0 for a task without a gradient. Divide by one norm at a time: the product
        # of two small norms may be zero.
        return GradientLook(affinity, products / norms[:, None] / norms[None, :])
