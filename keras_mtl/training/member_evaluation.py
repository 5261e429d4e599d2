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
from keras_mtl.training.task_metrics import TaskMetrics, group_task_metrics

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
        tasks = step.model.tasks
        # Metrics of several tasks at once, and each of a task by itself.
        self.groups = group_task_metrics(tasks, step.groups.stacks)
        together = {name for group in self.groups for name in group.tasks}
        self.lone = [
            (task.name, metric)
            for task in tasks
            if task.name not in together
            for metric in task.metrics()
        ]
        made = [
            column
            for group in self.groups
            for names in group.names().values()
            for column in zip(group.tasks, names, strict=True)
        ]
        made += [(name, f"{name}_{metric.name}") for name, metric in self.lone]
        place = {task.name: number for number, task in enumerate(tasks)}
        self._order = sorted(range(len(made)), key=lambda i: place[made[i][0]])
        self.columns = [made[i][1] for i in self._order]

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
            for metric in self._metrics()
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
            weights, statistics, (inputs, packed), states = arguments
            labels = packed.batch().labels
            outputs, _ = self.step.model.stateless_call(
                weights,
                self.all_variables(statistics),
                inputs,
                training=False,
            )
            losses, counts = self.step.task_losses(outputs, labels)
            own = self._by_metric(states)
            new = []
            for group in self.groups:
                new += group.stateless_update_state(next(own), labels, outputs)
            for name, metric in self.lone:
                new += metric.stateless_update_state(
                    next(own), labels[name], outputs[name]
                )
            return losses, counts, new

        return map_members(one_member, (state.weights, state.statistics, given, states))

    def _map_results(self, states, members):
        if not states:
            return tf.zeros([members, 0])

        def one_member(states):
            values = [
                _values(metric, own)
                for metric, own in zip(
                    self._metrics(), self._by_metric(states), strict=True
                )
            ]
            return tf.gather(tf.concat(values, axis=0), self._order)

        return map_members(one_member, states)

    def _metrics(self) -> list[keras.metrics.Metric]:
        return [*self.groups, *[metric for _, metric in self.lone]]

    def _by_metric(self, states: Tensors) -> Iterator[Tensors]:
        """Parts the list of all metrics' states into those of each."""
        start = 0
        for metric in self._metrics():
            stop = start + len(metric.variables)
            yield states[start:stop]
            start = stop


def _values(metric: keras.metrics.Metric, states: Tensors) -> tf.Tensor:
    """Returns what a metric in these states measured, as a vector."""
    known = list(zip(metric.variables, states, strict=True))
    with keras.StatelessScope(state_mapping=known):
        if isinstance(metric, TaskMetrics):
            return tf.concat(list(metric.vectors().values()), axis=0)
        return tf.reshape(tf.cast(metric.result(), tf.float32), [1])
