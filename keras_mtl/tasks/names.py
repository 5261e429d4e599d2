"""Names that a task cannot have."""

import re
from collections.abc import Sequence

from keras_mtl.errors import did_you_mean

__all__ = ["check_task_names", "unknown_tasks"]

# Columns of a history or of a predictions file, and layers that no task has.
RESERVED = frozenset({"epoch", "features", "input_dropout", "loss", "row", "val"})
RESERVED_PATTERN = re.compile(r"val_.*|trunk_.*|member_\d+")
# What is added to a task's name for its columns and hidden layers.
SUFFIX = re.compile(r"_(class|high|low|probability|set|value|loss|\d+(_\w+)?)$")


def check_task_names(names: Sequence[str]) -> list[str]:
    """Find task names that would be mixed up with something else.

    A task's name is the name of its output, of columns in files and of a key in
    the served answer, some of which do not know upper from lower case.

    Args:
        names: The names of all tasks of a model.

    Returns:
        A message for each mistake.

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
        where: What the messages call the setting that names tasks.
        names: The names that it has.
        known: The names of the tasks.

    Returns:
        A message for each.

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
