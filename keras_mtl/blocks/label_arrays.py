"""Labels in arrays: named, checked and encoded for the loss."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.blocks.task_arguments import check_task_names, name_by_task
from keras_mtl.tasks import Task

__all__ = ["read_labels"]


def read_labels(
    tasks: Sequence[Task],
    labels: Any,
    given_losses: Collection[str] = (),
    is_part: bool = False,
) -> dict[str, Any]:
    """Read labels in memory.

    Args:
        tasks: The tasks.
        labels: A dict by task name; a list in the order of the tasks; a DataFrame with
            columns that are named like the tasks or their label columns; or one array
            for one task.
        given_losses: The names of tasks with a user's own loss. Their labels are not
            checked.
        is_part: Whether the labels are one batch of many.

    Returns:
        Arrays of numbers by task name. Tasks without labels are left out.

    Raises:
        ValueError: If a name is not that of a task, or a label is unknown to its task.

    Example:

    >>> from keras_mtl.tasks import BinaryTask, MulticlassTask
    >>> tasks = [MulticlassTask("thal", classes=("a", "b")), BinaryTask("heart")]
    >>> frame = pd.DataFrame({"thal": ["b", None], "heart": [0, 1]})
    >>> {name: codes.tolist() for name, codes in read_labels(tasks, frame).items()}
    {'thal': [1.0, nan], 'heart': [0, 1]}
    """
    kinds = {task.name: task for task in tasks}
    named = _name(tasks, labels)
    read = {}
    for name, values in named.items():
        if values is None:
            continue
        task = kinds[name]
        array = _as_array(task, values)
        if name not in given_losses or array.dtype.kind in "OUS":
            array = task.label_codes(array, is_part)
        read[name] = array
    return read


def _name(tasks: Sequence[Task], labels: Any) -> Mapping[str, Any]:
    names = [task.name for task in tasks]
    if isinstance(labels, pd.DataFrame) and (
        len(tasks) > 1 or set(names).intersection(labels.columns)
    ):
        return _name_columns(tasks, labels)
    if isinstance(labels, list) and len(tasks) == 1 and not _holds_arrays(labels):
        # The list has the labels of the only task.
        labels = np.asarray(labels)
    elif hasattr(labels, "shape") and len(tasks) > 1:
        raise ValueError(
            "Invalid value received for argument `y`. Expected a dict by task name, a "
            "data frame, or a list of one array per task. Received: one array of shape "
            f"{tuple(labels.shape)} for {len(tasks)} tasks: {', '.join(names[:10])}"
        )
    return name_by_task("y", labels, names)


def _holds_arrays(labels: Sequence[Any]) -> bool:
    return len(labels) == 1 and np.ndim(labels[0]) > 0


def _name_columns(tasks: Sequence[Task], frame: pd.DataFrame) -> dict[str, Any]:
    """Return the label columns by task name."""
    columns = set(frame.columns)
    named: dict[str, Any] = {}
    used: set[Any] = set()
    for task in tasks:
        own = list(task.label_columns)
        if task.name in columns:
            named[task.name] = frame[task.name]
            used.add(task.name)
        elif columns.issuperset(own):
            named[task.name] = frame[own] if len(own) > 1 else frame[own[0]]
            used.update(own)
    left = [column for column in frame.columns if column not in used]
    if left:
        known = [task.name for task in tasks]
        known += [each for task in tasks for each in task.label_columns]
        check_task_names("y", left, list(dict.fromkeys(known)))
    return named


def _as_array(task: Task, values: Any) -> np.ndarray:
    """Return one task's labels as an array, (N,) or (N, labels)."""
    if isinstance(values, list | tuple) and values and np.ndim(values[0]) > 0:
        several = len(task.label_columns)
        if several > 1 and len(values) == several and len(values[0]) != several:
            # The columns of a task with several labels.
            values = np.stack([np.ravel(column) for column in values], axis=1)
    if isinstance(values, pd.DataFrame | pd.Series):
        values = (
            values.to_numpy(na_value=np.nan)
            if _has_nulls(values)
            else (values.to_numpy())
        )
    array = np.asarray(values)
    if array.ndim == 0:
        raise ValueError(
            f"Invalid value received for argument `y`. Expected an array with a label "
            f"per row for task {task.name!r}. Received: {values!r}"
        )
    return array


def _has_nulls(values: Any) -> bool:
    return bool(np.asarray(values.isna()).any())
