"""The kinds of task by name, and tasks to and from plain values."""

from __future__ import annotations

import re
from typing import Any

from keras_mtl.declarations import deserialize_kind
from keras_mtl.tasks.binary import BinaryTask
from keras_mtl.tasks.multiclass import MulticlassTask
from keras_mtl.tasks.multilabel import MultilabelTask
from keras_mtl.tasks.regression import RegressionTask
from keras_mtl.tasks.task import Task

__all__ = ["TASK_KINDS", "deserialize_task", "parse_task", "serialize_task"]

TASK_KINDS: dict[str, type[Task]] = {
    kind.kind: kind
    for kind in (BinaryTask, MulticlassTask, RegressionTask, MultilabelTask)
}


def serialize_task(task: Task) -> dict[str, Any]:
    """Returns a task as plain values, for TOML, JSON or a model's config."""
    return {"kind": task.kind, **task.get_config()}


def deserialize_task(config: dict[str, Any]) -> Task:
    """Makes a task from plain values.

    Args:
        config: The kind and the fields of the task's declaration.

    Raises:
        ValueError: When the kind is unknown or a field is wrong.

    Example:

    >>> deserialize_task({"kind": "binary", "name": "churn"}).name
    'churn'
    """
    return deserialize_kind(config, TASK_KINDS, "task")


def parse_task(text: str) -> dict[str, Any]:
    """Reads a task from the command line: NAME:KIND[:COLUMN].

    COLUMN of a binary task may carry its rule (`num>0`); that of a multilabel
    task is the list of its columns (`fever,cough`).

    Args:
        text: The flag's value.

    Returns:
        The plain values of a declaration, for `deserialize_task`.

    Raises:
        ValueError: When the text is not of that form.

    Example:

    >>> parse_task("heart:binary:num>0")
    {'kind': 'binary', 'name': 'heart', 'column': 'num', 'positive': '>0'}
    """
    name, *rest = text.split(":", 2)
    if not name or not rest:
        raise ValueError(
            f"expected NAME:KIND or NAME:KIND:COLUMN, such as churn:binary; "
            f"received {text!r}"
        )
    kind, column = rest[0], rest[1] if len(rest) > 1 else ""
    fields: dict[str, Any] = {"kind": kind, "name": name}
    if kind == MultilabelTask.kind:
        fields["labels"] = [label.strip() for label in column.split(",") if label]
    elif kind == BinaryTask.kind and (rule := re.search(r"[<>!=]=?", column)):
        fields["column"] = column[: rule.start()].strip() or name
        fields["positive"] = column[rule.start() :].strip()
    elif column:
        fields["column"] = column
    return fields
