"""Which tasks have the same loss or metrics, and their settings as arrays."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_mtl.training.parted_tensor import common_whole

__all__ = ["equal_tasks", "merge", "stack_by_task"]


def equal_tasks(
    tasks: Sequence[int], components: Callable[[int], Sequence[Any]]
) -> list[list[int]]:
    """Parts tasks into those with the same components.

    Args:
        tasks: Numbers of tasks.
        components: From such a number to the task's Keras components, its loss
            or its metrics. What a component lists as `per_task` may differ.

    Returns:
        The numbers in groups, each in the order given.
    """
    groups: dict[str, list[int]] = {}
    for task in tasks:
        key = []
        for component in components(task):
            config = dict(component.get_config())
            for setting in component.per_task:
                del config[setting]
            key.append([str(type(component)), config])
        groups.setdefault(json.dumps(key, default=str), []).append(task)
    return list(groups.values())


def merge(components: Sequence[Any], axes: int) -> Any:
    """Makes one component of several tasks' equal ones.

    Args:
        components: Equal but for their `per_task` settings.
        axes: The axes of length 1 after that of the tasks, in such a setting.

    Returns:
        A component of the same class. A setting that differs is an array.
    """
    config = dict(components[0].get_config())
    for setting in components[0].per_task:
        values = [component.get_config()[setting] for component in components]
        if len(set(values)) > 1:
            column = np.asarray(values, "float32")
            config[setting] = column.reshape((-1, *[1] * axes))
    return type(components[0]).from_config(config)


def stack_by_task(values: Mapping[str, Any], names: Sequence[str], like: Any) -> Any:
    """Puts several tasks' labels, or weights, into one tensor.

    Args:
        values: By task name, (N,), (N, 1) or (N, labels). A task may be absent.
        names: The tasks' names.
        like: What a task that is absent has, of the same shape.

    Returns:
        A float32 tensor, (T, N) or (T, N, labels).
    """
    found = common_whole(values, names)
    if found is None:
        return ops.stack([_flat_column(values.get(name, like)) for name in names])
    whole, places = found
    # Tasks first, then chosen: whole rows of memory are moved, not numbers.
    whole = ops.transpose(whole, (1, 0, *range(2, len(whole.shape))))
    if places != list(range(whole.shape[0])):
        whole = ops.take(whole, places, axis=0)
    return _flat_column(whole, rank=3)


def _flat_column(value: Any, rank: int = 2) -> Any:
    value = ops.cast(value, "float32")
    if len(value.shape) == rank and value.shape[-1] == 1:
        return ops.squeeze(value, axis=-1)
    return value
