"""Checks of the names of tasks."""

import re
from collections.abc import Sequence

from keras_mtl.errors import did_you_mean

__all__ = ["check_task_names", "unknown_tasks"]

# Names of columns in a history or a predictions file, and of layers.
RESERVED = frozenset({"epoch", "features", "input_dropout", "loss", "row", "val"})
RESERVED_PATTERN = re.compile(r"val_.*|trunk_.*|member_\d+")
# The suffixes of a task's columns and hidden layers.
SUFFIX = re.compile(r"_(class|high|low|probability|set|value|loss|\d+(_\w+)?)$")


def check_task_names(names: Sequence[str]) -> list[str]:
    """Find task names that conflict with other names.

    The name of a task is the name of its output, of columns in files and of a key in
    served predictions, and some of these ignore upper and lower case.

    Args:
        names: The names of all tasks of a model.

    Returns:
        One message per error.

    Example:

    >>> check_task_names(["heart", "thal"])
    []
    >>> print(*check_task_names(["loss"]))
    tasks: expected a name that stands for nothing else. Received: 'loss'. Rename the task.
    """  # noqa: E501
    messages = []
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if names.count(name) > 1 and other == name:
            messages.append(f"tasks: expected each name once. Received: {name!r} twice")
        elif other != name:
            messages.append(
                "tasks: expected names that differ by more than their case. Received: "
                f"{other!r} and {name!r}"
            )
    for name in names:
        stem = SUFFIX.sub("", name)
        if name in RESERVED or RESERVED_PATTERN.fullmatch(name):
            messages.append(
                "tasks: expected a name that stands for nothing else. Received: "
                f"{name!r}"
            )
        elif stem != name and stem in names:
            messages.append(
                f"tasks: expected a name that task {stem!r} does not use for its own "
                f"columns. Received: {name!r}"
            )
    return [f"{message}. Rename the task." for message in dict.fromkeys(messages)]


def unknown_tasks(where: str, names: Sequence[str], known: Sequence[str]) -> list[str]:
    """Find names that are not those of tasks.

    Args:
        where: The name, in messages, of the setting that names tasks.
        names: The names in the setting.
        known: The names of the tasks.

    Returns:
        One message per unknown name.

    Example:

    >>> unknown_tasks("training.class_weights", ["hart"], ["heart"])
    ["training.class_weights: expected the name of a task; received 'hart'. Did you mean 'heart'? Tasks: heart."]
    """  # noqa: E501
    return [
        f"{where}: expected the name of a task; received {name!r}."
        f"{did_you_mean(name, known)} Tasks: {', '.join(known)}."
        for name in names
        if name not in known
    ]
