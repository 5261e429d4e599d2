"""Many members' losses and metrics on rows they do not train on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from keras_mtl.training.batch_step import BatchStep, Tensors
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
        self.metrics = [
            (task.name, metric)
            for task in step.model.tasks
            for metric in task.metrics()
        ]

    def __call__(
        self, state: MemberState, order: tf.Tensor, source: Any
    ) -> tuple[tf.Tensor, Tensors]:
        """Returns the tasks' losses, (K, T), and each metric, (K,).

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
        return losses, self._map_results(states)

    def _map_validation(self, state, given, states):
        def one_member(arguments):
            weights, statistics, (inputs, labels), states = arguments
            outputs, _ = self.step.model.stateless_call(
                weights,
                self.all_variables(statistics),
                inputs,
                training=False,
            )
            losses, counts = self.step.task_losses(outputs, labels)
            new = []
            for name, metric, own in self._by_metric(states):
                new += metric.stateless_update_state(own, labels[name], outputs[name])
            return losses, counts, new

        return map_members(one_member, (state.weights, state.statistics, given, states))

    def _map_results(self, states):
        def one_member(states):
            return [
                metric.stateless_result(own)
                for _, metric, own in self._by_metric(states)
            ]

        return map_members(one_member, states) if states else []

    def _by_metric(
        self, states: Tensors
    ) -> Iterator[tuple[str, keras.metrics.Metric, Tensors]]:
        """Parts the list of all metrics' states into those of each."""
        start = 0
        for name, metric in self.metrics:
            stop = start + len(metric.variables)
            yield name, metric, states[start:stop]
            start = stop
