"""Arguments by task name, and their errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd

from keras_mtl.errors import did_you_mean
from keras_mtl.tasks import Task

__all__ = [
    "check_task_names",
    "losses_by_task",
    "metrics_by_task",
    "name_by_task",
    "weights_by_task",
]


def check_task_names(argument: str, received: Iterable[Any], tasks: Sequence[str]):
    """Check that names are those of tasks.

    Args:
        argument: The argument's name, for the message.
        received: The names.
        tasks: The tasks' names.

    Raises:
        ValueError: If names are not those of tasks. The message lists all of them, each
            with the nearest task.

    Example:

    >>> check_task_names("y", ["hart"], ["heart", "thal"])
    Traceback (most recent call last):
      ...
    ValueError: Invalid value received for argument `y`. Expected names of tasks: \
heart, thal. Received: 'hart'. Did you mean 'heart'?
    """
    unknown = [name for name in received if name not in tasks]
    if not unknown:
        return
    hints = [
        f"{name!r}.{did_you_mean(str(name), tasks)}"
        for name in unknown[:_NAMES_IN_MESSAGE]
    ]
    more = len(unknown) - len(hints)
    raise ValueError(
        f"Invalid value received for argument `{argument}`. Expected names of tasks: "
        f"{_list_names(tasks)}. Received: {' '.join(hints)}"
        f"{f' And {more} more.' if more else ''}"
    )


def name_by_task(argument: str, values: Any, tasks: Sequence[str]) -> Mapping[str, Any]:
    """Return values by task name, given by name, in the order of tasks, or for one.

    Args:
        argument: The argument's name, for messages.
        values: A dict by task name, a list, the value of the only task, or None.
        tasks: The tasks' names.

    Raises:
        ValueError: If a name is not that of a task, or the number of values is not the
            number of tasks.

    Example:

    >>> name_by_task("y", [[0, 1], [2.5, 3.5]], ["heart", "age"])
    {'heart': [0, 1], 'age': [2.5, 3.5]}
    """
    if values is None:
        return {}
    if isinstance(values, Mapping):
        check_task_names(argument, values, tasks)
        return values
    if not isinstance(values, list | tuple):
        # The form that Keras accepts for a model with one output.
        values = [values]
    if len(values) != len(tasks):
        raise ValueError(
            f"Invalid value received for argument `{argument}`. Expected a dict by "
            f"task name, or one value per task in the order {_list_names(tasks)}. "
            f"Received: {len(values)} for {len(tasks)} tasks."
        )
    return dict(zip(tasks, values, strict=True))


def losses_by_task(tasks: Sequence[Task], loss: Any) -> dict[str, Any]:
    """Resolve the argument `loss` of `compile`.

    Args:
        tasks: The tasks.
        loss: Losses by task name, or a list in the order of the tasks, or one loss for
            all tasks. None excludes a task from training.

    Returns:
        Losses, or None, by task name; tasks with their default loss are left out.
    """
    names = [task.name for task in tasks]
    if loss is None:
        return {}
    if isinstance(loss, Mapping | list | tuple):
        given = name_by_task("loss", loss, names)
    else:
        given = dict.fromkeys(names, loss)
    kinds = {task.name: task for task in tasks}
    return {name: _loss(kinds[name], one) for name, one in given.items()}


def metrics_by_task(
    argument: str, tasks: Sequence[Task], metrics: Any
) -> dict[str, list[keras.metrics.Metric]]:
    """Resolve the arguments `metrics` and `weighted_metrics` of `compile`.

    Args:
        argument: The argument's name, for messages.
        tasks: The tasks.
        metrics: One or several metrics by task name, a list in the order of the tasks,
            or one name for all tasks. For one task, a list of its metrics.

    Returns:
        Metrics by task name; tasks that are not named are left out.
    """
    if metrics is None:
        return {}
    names = [task.name for task in tasks]
    given: Mapping[str, Any]
    if isinstance(metrics, list | tuple) and len(tasks) == 1:
        one = list(metrics)
        nested = len(one) == 1 and isinstance(one[0], list | tuple)
        given = {names[0]: one[0] if nested else one}
    elif isinstance(metrics, Mapping | list | tuple):
        given = name_by_task(argument, metrics, names)
    elif isinstance(metrics, str) or len(tasks) == 1:
        given = dict.fromkeys(names, metrics)
    else:
        raise ValueError(
            f"Invalid value received for argument `{argument}`. Expected a dict by "
            f"task name: one metric cannot serve several tasks. Received: {metrics!r}"
        )
    kinds = {task.name: task for task in tasks}
    resolved = {}
    for name, some in given.items():
        some = [] if some is None else some
        some = list(some) if isinstance(some, list | tuple) else [some]
        resolved[name] = [
            _metric(kinds[name], one, argument) for one in some if one is not None
        ]
        _require_distinct(argument, name, resolved[name])
    return resolved


def weights_by_task(tasks: Sequence[Task], loss_weights: Any) -> list[Any]:
    """Resolve the argument `loss_weights` of `compile`.

    Args:
        tasks: The tasks.
        loss_weights: Weights by task name, or a list in the order of the tasks. A task
            that is not named, or None, keeps its own weight.

    Returns:
        One weight per task.
    """
    if isinstance(loss_weights, np.ndarray):
        loss_weights = loss_weights.tolist()
    given = name_by_task("loss_weights", loss_weights, [task.name for task in tasks])
    return [
        task.loss_weight if given.get(task.name) is None else given[task.name]
        for task in tasks
    ]


_NAMES_IN_MESSAGE = 10


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_IN_MESSAGE])
    return shown + (", ..." if len(names) > _NAMES_IN_MESSAGE else "")


def _loss(task: Task, identifier: Any) -> Any:
    if identifier is None:
        return None
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        # Keras infers the metric from labels and outputs, but the task knows it.
        one_of_several = task.units > 1 and task.class_names
        identifier = (
            keras.losses.SparseCategoricalCrossentropy()
            if one_of_several
            else keras.losses.BinaryCrossentropy()
        )
    loss = keras.losses.get(identifier)
    if getattr(loss, "reduction", "") in (None, "none"):
        raise ValueError(
            "Invalid value received for argument `loss`. Expected a loss that reduces "
            "rows to one number, such as `reduction='sum_over_batch_size'`. Received: "
            f"reduction={loss.reduction!r} for task {task.name!r}"
        )
    return loss


def _metric(task: Task, identifier: Any, argument: str) -> keras.metrics.Metric:
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc"):
        # The same choice as Keras's, except for several labels that may be true
        # together.
        one_of_several = task.units > 1 and task.class_names
        kind = (
            keras.metrics.SparseCategoricalAccuracy
            if one_of_several
            else keras.metrics.BinaryAccuracy
        )
        return kind(name=identifier)
    metric = keras.metrics.get(identifier)
    name = identifier if isinstance(identifier, str) else None
    if isinstance(metric, keras.metrics.Metric):
        if name is not None:
            metric.name = name
        return metric
    if not callable(metric):
        raise ValueError(
            f"Invalid value received for argument `{argument}`. Expected a metric, its "
            f"name or a function for task {task.name!r}. Received: {identifier!r}"
        )
    name = name or getattr(metric, "__name__", type(metric).__name__)
    return keras.metrics.MeanMetricWrapper(metric, name=name)


def _require_distinct(
    argument: str, task: str, metrics: Sequence[keras.metrics.Metric]
) -> None:
    names = pd.Series([metric.name for metric in metrics], dtype=object)
    if names.duplicated().any():
        raise ValueError(
            f"Invalid value received for argument `{argument}`. Expected metrics of "
            f"different names for task {task!r}, as they are logged by name. Received: "
            f"{', '.join(names)}"
        )
