"""From flags' flat values to nested settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_mtl.configuration.presets import HEART_DISEASE
from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.tasks.kinds import parse_task

__all__ = ["nest_flags"]


def nest_flags(values: Mapping[str, Any], file: Mapping[str, Any]) -> dict[str, Any]:
    """Nests the values of flags as a TOML file would have them.

    Args:
        values: By key, such as `training.epochs`.
        file: The settings of the TOML file, whose tasks `--head` and
            `--loss-weight` may name.

    Returns:
        Plain nested values for `build_config`.

    Raises:
        UserError: When a task is written wrongly or not known; all at once.

    Example:

    >>> nest_flags({"training.epochs": "5", "tasks": ["churn:binary"]}, {})
    {'training': {'epochs': '5'}, 'tasks': [{'kind': 'binary', 'name': 'churn'}]}
    """
    mistakes: list[str] = []
    nested: dict[str, Any] = {}
    for key, value in values.items():
        if key in {"tasks", "head_widths", "loss_weights"}:
            continue
        section, _, name = key.rpartition(".")
        (nested.setdefault(section, {}) if section else nested)[name] = value
    numbers = nested.get("inputs", {}).get("missing_values")
    if numbers:
        # A column may have several: --missing-value chol=0,-9.
        nested["inputs"]["missing_values"] = {
            column: text.split(",") for column, text in numbers.items()
        }
    if "tasks" in values:
        nested["tasks"] = []
        for text in values["tasks"]:
            try:
                nested["tasks"].append(parse_task(text))
            except ValueError as error:
                mistakes.append(f"--task: {error}.")
    _set_on_tasks(nested, values, file, mistakes)
    if mistakes:
        raise UserError(*mistakes)
    return nested


def _set_on_tasks(
    nested: dict[str, Any],
    values: Mapping[str, Any],
    file: Mapping[str, Any],
    mistakes: list[str],
) -> None:
    """Lays `--head` and `--loss-weight` on the tasks they name."""
    settings = (
        ("--head", "widths", values.get("head_widths", {})),
        ("--loss-weight", "loss_weight", values.get("loss_weights", {})),
    )
    if not any(entries for _, _, entries in settings):
        return
    own_data = "path" in {**file.get("data", {}), **nested.get("data", {})}
    known = nested.get("tasks") or file.get("tasks")
    known = known or ([] if own_data else HEART_DISEASE["tasks"])
    tasks = {task.get("name"): dict(task) for task in known}
    for flag, key, entries in settings:
        for name, text in entries.items():
            if name not in tasks:
                mistakes.append(
                    f"{flag}: expected the name of a task; received {name!r}."
                    f"{did_you_mean(name, tasks)} Tasks: {', '.join(tasks)}."
                )
            else:
                tasks[name][key] = (
                    [width for width in text.split(",") if width]
                    if key == "widths"
                    else text
                )
    nested["tasks"] = list(tasks.values())
