"""The kinds of tasks by name, and conversion of tasks to plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from keras_mtl._core.errors import UserError
from keras_mtl._core.kinds import deserialize_kind, register_kind
from keras_mtl._core.registry import Registry
from keras_mtl.tasks.task import Task

__all__ = [
    "TASK_KINDS",
    "deserialize_task",
    "parse_task",
    "register_task_kind",
    "serialize_task",
]

TASK_KINDS: Registry[type[Task]] = Registry(
    "task kind",
    "a task's kind among",
    {
        "binary": "keras_mtl.tasks.binary:BinaryTask",
        "multiclass": "keras_mtl.tasks.multiclass:MulticlassTask",
        "regression": "keras_mtl.tasks.regression:RegressionTask",
        "multilabel": "keras_mtl.tasks.multilabel:MultilabelTask",
    },
)

Kind = TypeVar("Kind", bound=type[Task])


def register_task_kind(name: str) -> Callable[[Kind], Kind]:
    """Return a decorator that adds a kind of task.

    The class is a declaration, a subclass of `Task`. The new kind is chosen like a
    built-in one: with `--task visits:NAME`, or with `kind = "NAME"` in TOML.

    Args:
        name: The name of the kind, which becomes the attribute `kind` of the class.

    Raises:
        UserError: If the name is taken, or the class is not such a declaration.

    Example:

    >>> import keras_mtl
    >>> @keras_mtl.register_task_kind("price")
    ... @keras_mtl.declaration
    ... class PriceTask(keras_mtl.RegressionTask):
    ...     '''A regression task by another name.'''
    >>> deserialize_task({"kind": "price", "name": "rent"}).units
    1
    """
    add = register_kind(TASK_KINDS, Task, name)

    def decorate(cls: Kind) -> Kind:
        if not hasattr(cls, "metric_directions"):
            raise UserError(
                f"{cls.__module__}.{cls.__qualname__}: expected `metric_directions`, "
                'which says of each metric of `measure` whether "min" or "max" is '
                "better, so that searches can use it."
            )
        return add(cls)  # type: ignore[return-value]

    return decorate


def serialize_task(task: Task) -> dict[str, Any]:
    """Convert a task to plain values, for TOML, JSON or a model's config."""
    return {"kind": task.kind, **task.get_config()}


def deserialize_task(config: Mapping[str, Any]) -> Task:
    """Create a task from plain values.

    Args:
        config: The key `kind` and the fields of the declaration.

    Raises:
        ValueError: If the kind is unknown or a field is invalid.

    Example:

    >>> deserialize_task({"kind": "binary", "name": "churn"}).name
    'churn'
    """
    return deserialize_kind(config, TASK_KINDS)


def parse_task(text: str) -> dict[str, Any]:
    """Parse a task of the command line: NAME:KIND[:COLUMN].

    The meaning of COLUMN depends on the kind. A binary task may add a rule (`num>0`); a
    multilabel task takes a list of columns (`fever,cough`).

    Args:
        text: The flag's value.

    Returns:
        The plain values of a declaration, for `deserialize_task`.

    Raises:
        ValueError: If the text does not have this form.

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
    # An unknown kind is reported together with the task's other errors.
    parse = TASK_KINDS[kind].parse_column if kind in TASK_KINDS else Task.parse_column
    return {"kind": kind, "name": name, **parse(name, column)}
