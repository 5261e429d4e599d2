"""The metrics of tasks whose heads are computed together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keras import ops

from keras_mtl.layers import stacked_outputs
from keras_mtl.metrics import NamedVectors, can_stack_metric, stack_metric
from keras_mtl.tasks import Task
from keras_mtl.training.equal_tasks import equal_tasks, merge, stack_by_task

__all__ = ["LossTrackers", "TaskMetrics", "group_task_metrics"]


class LossTrackers(NamedVectors):
    """The mean of each task's loss over the rows with its label.

    Args:
        tasks: The tasks' names.

    Example:

    >>> import numpy as np
    >>> trackers = LossTrackers(["thal", "heart"])
    >>> trackers.update_state(np.array([0.5, 2.0]), np.array([10.0, 0.0]))
    >>> {name: float(value) for name, value in trackers.result().items()}
    {'thal_loss': 0.5, 'heart_loss': 0.0}
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__(name="losses/tasks")
        self.tasks = tuple(tasks)
        self.total = self.add_variable((len(self.tasks),), "zeros", name="total")
        self.count = self.add_variable((len(self.tasks),), "zeros", name="count")

    def update_state(self, losses: Any, counts: Any) -> None:
        """Takes a batch's losses and labelled rows, each of shape (T,)."""
        # The mean over an epoch is then that over all rows with a label, and a
        # batch without one has no part in it.
        self.total.assign_add(losses * counts)
        self.count.assign_add(counts)

    def vectors(self) -> dict[str, Any]:
        return {self.name: ops.divide_no_nan(self.total, self.count)}

    def names(self) -> dict[str, list[str]]:
        # As Keras calls the losses of outputs.
        return {self.name: [f"{task}_loss" for task in self.tasks]}


class TaskMetrics(NamedVectors):
    """The metrics of several tasks with equal outputs.

    Args:
        tasks: The tasks.
        metrics: What is measured: the metrics of all of them.
        name: The name of the whole; what is logged are the tasks' own.
    """

    def __init__(self, tasks: Sequence[str], metrics: Sequence[Any], name: str) -> None:
        super().__init__(name=name)
        self.tasks = tuple(tasks)
        self.stacked = [stack_metric(metric, len(self.tasks)) for metric in metrics]

    def update_state(self, labels: Mapping[str, Any], outputs: Mapping[str, Any]):
        """Takes a batch's labels and outputs, by task name."""
        known = [name for name in self.tasks if name in labels]
        if not known:
            return
        missing = ops.full_like(ops.cast(labels[known[0]], "float32"), float("nan"))
        y_true = stack_by_task(labels, self.tasks, like=missing)
        y_pred = stacked_outputs(outputs, self.tasks)
        for metric in self.stacked:
            metric.update_state(y_true, y_pred)

    def vectors(self) -> dict[str, Any]:
        return {self._key(metric): metric.result() for metric in self.stacked}

    def names(self) -> dict[str, list[str]]:
        # As Keras calls the metrics of outputs.
        return {
            self._key(metric): [f"{task}_{metric.name}" for task in self.tasks]
            for metric in self.stacked
        }

    def _key(self, metric: Any) -> str:
        # No task's name has a slash.
        return f"{self.name}/{metric.name}"


def group_task_metrics(
    tasks: Sequence[Task],
    together: Sequence[Sequence[int]],
    overridden: Sequence[str] = (),
) -> list[TaskMetrics]:
    """Makes the metrics of the tasks whose heads are computed together.

    Args:
        tasks: The tasks.
        together: Groups of their numbers.
        overridden: The names of those that a user gave other metrics.

    Returns:
        One for each group of tasks with equal metrics. The tasks that are in
        none have metrics that differ, or that can't be computed together.
    """
    made: list[TaskMetrics] = []
    for group in together:
        # Metrics have variables, which take a while to make: one set a kind.
        kinds: dict[Any, list[Any]] = {}
        own = {}
        for index in group:
            if tasks[index].name not in overridden:
                kind = tasks[index].kind_of_head
                if kind not in kinds:
                    kinds[kind] = tasks[index].metrics()
                own[index] = kinds[kind]
        stackable = [
            index
            for index, metrics in own.items()
            if all(map(can_stack_metric, metrics))
        ]
        for same in equal_tasks(stackable, own.__getitem__):
            if len(same) < 2 or not own[same[0]]:
                continue
            merged = [
                merge(list(each), axes=2)
                for each in zip(*[own[index] for index in same], strict=True)
            ]
            names = [tasks[index].name for index in same]
            made.append(TaskMetrics(names, merged, name=f"task_metrics_{len(made)}"))
    return made
