"""Many members' losses and metrics on rows they do not train on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from keras_mtl.training.batch import Batch
from keras_mtl.training.batch_step import BatchStep, Tensors
from keras_mtl.training.block_metrics import BlockMetrics, block_metrics
from keras_mtl.training.map_members import map_members
from keras_mtl.training.member_state import MemberState
from keras_mtl.training.shared_rows import SharedRows

__all__ = ["MemberEvaluation"]


class MemberEvaluation:
    """Evaluates K members of one architecture, all of them in one pass.

    Args:
        step: The architecture and its losses.
        rows: Where rows come from.
        all_variables: Makes values for all variables that are not trained of
            a member's statistics.

    Attributes:
        columns: The names of what is measured, in the tasks' order.
    """

    def __init__(
        self,
        step: BatchStep,
        rows: SharedRows,
        all_variables: Callable[[Tensors], Tensors],
    ) -> None:
        self.step = step
        self.rows = rows
        self.all_variables = all_variables
        self.metrics = block_metrics(step.blocks)
        made = [
            (task, name)
            for _, metric in self.metrics
            for task, name in zip(metric.tasks, metric.names, strict=True)
        ]
        self._order = sorted(range(len(made)), key=lambda index: made[index][0])
        self.columns = [made[index][1] for index in self._order]

    def __call__(
        self, state: MemberState, order: tf.Tensor, source: Any
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the tasks' losses, (K, T), and what is measured, (K, columns).

        Args:
            state: The members.
            order: The rows in parts, (steps, K, rows), as `rows_in_order` makes
                them.
            source: See `SharedRows.gather`.
        """
        members = state.active.shape[0]
        states = [
            tf.zeros([members, *variable.shape], variable.dtype)
            for _, metric in self.metrics
            for variable in metric.variables
        ]
        given = self.rows.gather(order[0], source)
        losses, counts, states = self._map_validation(state, given, states)
        if order.shape[0] > 1:
            sums = losses * counts

            def add_part(index, sums, counts, states):
                given = self.rows.gather(order[index], source)
                more, rows, states = self._map_validation(state, given, states)
                return index + 1, sums + more * rows, counts + rows, states

            _, sums, counts, states = tf.while_loop(
                lambda index, *_: index < order.shape[0],
                add_part,
                [1, sums, counts, states],
            )
            losses = tf.math.divide_no_nan(sums, counts)
        return losses, self._map_results(states, members)

    def _map_validation(self, state, given, states):
        def one_member(arguments):
            weights, statistics, (inputs, labels), states = arguments
            outputs, _, losses, counts, _ = self.step.forward(
                weights,
                self.all_variables(statistics),
                Batch(inputs, labels),
                training=False,
            )
            own = self._by_metric(states)
            new = []
            for block, metric in self.metrics:
                new += metric.stateless_update_state(
                    next(own), labels[block], outputs[block]
                )
            return losses, counts, new

        return map_members(one_member, (state.weights, state.statistics, given, states))

    def _map_results(self, states, members):
        if not states:
            return tf.zeros([members, 0])

        def one_member(states):
            values = [
                _vector(metric, own)
                for (_, metric), own in zip(
                    self.metrics, self._by_metric(states), strict=True
                )
            ]
            return tf.gather(tf.concat(values, axis=0), self._order)

        return map_members(one_member, states)

    def _by_metric(self, states: Tensors) -> Iterator[Tensors]:
        """Splits the list of all metrics' states into those of each."""
        start = 0
        for _, metric in self.metrics:
            stop = start + len(metric.variables)
            yield states[start:stop]
            start = stop


def _vector(metric: BlockMetrics, states: Tensors) -> tf.Tensor:
    """Returns a metric's values in these states."""
    known = list(zip(metric.variables, states, strict=True))
    with keras.StatelessScope(state_mapping=known):
        return metric.vector()
