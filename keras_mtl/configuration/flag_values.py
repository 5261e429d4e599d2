"""Conversion of the values of flags to nested settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keras_mtl.auxiliary.kinds import parse_auxiliary
from keras_mtl.configuration.presets import HEART_DISEASE
from keras_mtl.errors import did_you_mean, gather
from keras_mtl.tasks.kinds import parse_task

__all__ = ["nest_flags"]

# Flags that are not settings by their own key.
_OF_TASKS = frozenset(
    {"tasks", "auxiliary", "features", "head_widths", "loss_weights", "thresholds"}
)


def nest_flags(
    values: Mapping[str, Any], file: Mapping[str, Any], errors: list[str]
) -> dict[str, Any]:
    """Nest the values of flags as a TOML file would have them.

    Args:
        values: By key, such as `training.epochs`.
        file: The settings of the TOML file, whose tasks `--head`,
            `--loss-weight` and `--threshold` may name.
        errors: Gets a message for each task or feature that is written
            wrongly or not known.

    Returns:
        Plain nested values for `build_config`.

    Example:

    >>> nest_flags({"training.epochs": "5", "tasks": ["churn:binary"]}, {}, [])
    {'training': {'epochs': '5'}, 'tasks': [{'kind': 'binary', 'name': 'churn'}]}
    """
    nested: dict[str, Any] = {}
    for key, value in values.items():
        if key in _OF_TASKS:
            continue
        section, _, name = key.rpartition(".")
        (nested.setdefault(section, {}) if section else nested)[name] = value
    numbers = nested.get("inputs", {}).get("missing_values")
    if numbers:
        # A column may have several: --missing-value chol=0,-9.
        nested["inputs"]["missing_values"] = {
            column: text.split(",") for column, text in numbers.items()
        }
    weights = nested.get("training", {}).get("class_weights")
    if weights:
        nested["training"]["class_weights"] = {
            task: _class_weights(task, text, errors) for task, text in weights.items()
        }
    for text in values.get("tasks", ()):
        try:
            nested.setdefault("tasks", []).append(parse_task(text))
        except ValueError as error:
            errors.append(f"--task: {error}.")
    if values.get("auxiliary"):
        _add_auxiliary(nested, values["auxiliary"], file, errors)
    if values.get("features"):
        # Loads NumPy, which most commands that are refused need not wait for.
        from keras_mtl.features.flags import parse_features

        with gather(errors):
            nested["features"] = parse_features(values["features"])
    _set_on_tasks(nested, values, file, errors)
    return nested


def _add_auxiliary(
    nested: dict[str, Any],
    texts: Sequence[str],
    file: Mapping[str, Any],
    errors: list[str],
) -> None:
    """Add auxiliary tasks, and helpers, behind those that are declared already."""
    added: dict[str, list[dict[str, Any]]] = {"tasks": [], "auxiliary": []}
    for text in texts:
        try:
            table, values = parse_auxiliary(text)
        except ValueError as error:
            errors.append(f"--auxiliary: {error}.")
        else:
            added[table].append(values)
    names = {entry["name"] for entries in added.values() for entry in entries}
    # A run that goes on knows its own already.
    known = [
        task
        for task in _tasks_by_name(nested, file).values()
        if not (task.get("auxiliary") and task["name"] in names)
    ]
    nested["tasks"] = [*known, *added["tasks"]]
    helpers = file.get("auxiliary")
    if added["auxiliary"]:
        nested["auxiliary"] = [
            *(
                entry
                for entry in (helpers if isinstance(helpers, list) else [])
                if not (isinstance(entry, Mapping) and entry.get("name") in names)
            ),
            *added["auxiliary"],
        ]


def _class_weights(task: str, text: str, errors: list[str]) -> str | dict[str, str]:
    """Read `balanced`, or `CLASS:X,CLASS:X`; a class may hold a colon."""
    if text == "balanced":
        return text
    pairs = [part.rpartition(":") for part in text.split(",")]
    if not all(name and colon for name, colon, _ in pairs):
        errors.append(
            "--class-weight: expected TASK=balanced, or a weight for some of its "
            f"classes, such as {task}=yes:3. Received: {f'{task}={text}'!r}. (A class "
            "whose name holds a comma can be weighed in a TOML file.)"
        )
        return {}
    return {name.strip(): weight.strip() for name, _, weight in pairs}


def _set_on_tasks(
    nested: dict[str, Any],
    values: Mapping[str, Any],
    file: Mapping[str, Any],
    errors: list[str],
) -> None:
    """Lay `--head`, `--loss-weight` and `--threshold` on the tasks they name."""
    settings = (
        ("--head", "widths", values.get("head_widths", {})),
        ("--loss-weight", "loss_weight", values.get("loss_weights", {})),
        ("--threshold", "threshold", values.get("thresholds", {})),
    )
    if not any(entries for _, _, entries in settings):
        return
    tasks = _tasks_by_name(nested, file)
    helpers = _helpers_by_name(nested, file)
    known = {**tasks, **helpers}
    for flag, key, entries in settings:
        for name, text in entries.items():
            if name not in known:
                errors.append(
                    f"{flag}: expected the name of a task; received {name!r}."
                    f"{did_you_mean(name, known)} Tasks: {', '.join(known)}."
                )
            elif key == "widths":
                known[name][key] = [width for width in text.split(",") if width]
            elif key == "threshold":
                _set_threshold(known[name], text)
            else:
                known[name][key] = text
    nested["tasks"] = list(tasks.values())
    if helpers:
        nested["auxiliary"] = list(helpers.values())


def _helpers_by_name(
    nested: Mapping[str, Any], file: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return what flags or file declare that auxiliary tasks are made of."""
    known = nested.get("auxiliary") or file.get("auxiliary")
    return {
        entry["name"]: dict(entry)
        for entry in (known if isinstance(known, list) else [])
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str)
    }


def _set_threshold(task: dict[str, Any], text: str) -> None:
    """Set a threshold that is known, or the aim that one is chosen for."""
    task.pop("threshold_aim", None)
    try:
        task["threshold"] = float(text)
    except ValueError:
        task["threshold_aim"] = text


def _tasks_by_name(
    nested: Mapping[str, Any], file: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the tasks that flags, file or embedded data declare."""
    data = file.get("data")
    own_data = "path" in nested.get("data", {}) or (
        isinstance(data, Mapping) and "path" in data
    )
    known = nested.get("tasks") or file.get("tasks")
    known = known or ([] if own_data else HEART_DISEASE["tasks"])
    # What is no table with a name is reported where the file's tasks are made.
    return {
        task["name"]: dict(task)
        for task in (known if isinstance(known, list) else [])
        if isinstance(task, Mapping) and isinstance(task.get("name"), str)
    }
