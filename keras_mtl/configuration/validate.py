"""Conversion of plain values to checked settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from pydantic import ValidationError

from keras_mtl._core.declarations import Declaration
from keras_mtl._core.messages import validation_messages
from keras_mtl.auxiliary.kinds import (
    AUXILIARY_KINDS,
    deserialize_helper,
    serialize_helper,
)
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.joint_checks import joint_errors
from keras_mtl.configuration.presets import HEART_DISEASE, PRESETS, TRANSFER
from keras_mtl.configuration.source_run import (
    lay_on_source,
    read_source_run,
    unused_transfer,
)
from keras_mtl.configuration.table_rule import TableFacts, open_settings, preset_values
from keras_mtl.errors import UserError, gather, show_value
from keras_mtl.features.kinds import (
    FEATURE_KINDS,
    deserialize_feature,
    serialize_feature,
)
from keras_mtl.tasks.kinds import TASK_KINDS, deserialize_task, serialize_task
from keras_mtl.tasks.task import Task

__all__ = ["build_config", "config_values"]

Values = Mapping[str, Any]


def build_config(*layers: Values) -> FitConfig:
    """Merge layers of settings and check the result.

    The first layer is the preset. Without a data file, the settings of the embedded
    data are added, and with a run whose trunk is used, settings for few labels.

    Args:
        *layers: Nested dicts of plain values, as from TOML. Later layers override
            earlier ones. Lists, and the tables of a weighting and of an architecture,
            are replaced as a whole.

    Returns:
        The settings.

    Raises:
        UserError: With all errors at once.

    Example:

    >>> config = build_config({"preset": "article"}, {"training": {"epochs": 5}})
    >>> config.training.epochs, config.model.trunk
    (5, (32, 64))
    """
    given: dict[str, Any] = {}
    for layer in layers:
        given = _merge(given, layer)
    errors: list[str] = []
    given = _with_source(given, errors)
    preset = given.get("preset", "default")
    known = isinstance(preset, str) and preset in PRESETS
    base = preset_values(preset, TableFacts(rows=0)) if known else {}
    own_tasks: Values = {}
    if _get(given, "data", "path") is None:
        own_tasks = _heart_disease(given)
        base = _merge(base, own_tasks)
    if _get(given, "transfer", "run") is not None:
        base = _merge(base, TRANSFER)
    values = _merge(base, given)
    if _get(given, "transfer", "run") is None:
        values["by_rule"] = open_settings(preset, [own_tasks, *layers])

    tasks = _declarations(values, "tasks", deserialize_task, TASK_KINDS, errors)
    tasks = [_with_head(task, values) for task in tasks]
    features = _declarations(
        values, "features", deserialize_feature, FEATURE_KINDS, errors
    )
    helpers = _declarations(
        values, "auxiliary", deserialize_helper, AUXILIARY_KINDS, errors
    )
    rest = {key: value for key, value in values.items() if key not in _LISTS}
    config = None
    try:
        config = FitConfig(**rest)
    except ValidationError as error:
        errors[:0] = validation_messages(error, FitConfig)
    errors += joint_errors(config, tasks, features, helpers)
    if values.get("tasks", []) == []:
        errors.append(
            "tasks: expected at least one task. Add --task NAME:KIND, such as "
            f"--task churn:binary. Kinds: {', '.join(TASK_KINDS)}."
        )
    if errors or config is None:
        raise UserError(*errors)
    return config.replace(
        tasks=tuple(tasks), features=tuple(features), auxiliary=tuple(helpers)
    )


def config_values(config: FitConfig) -> dict[str, Any]:
    """Return settings as plain values for `build_config`."""
    values = config.get_config()
    values["preset"] = config.preset
    values["seed"] = config.seed
    for field in fields(config):
        section = getattr(config, field.name)
        if field.name == "transfer" and config.transfer.run is None:
            continue
        if isinstance(section, Declaration):
            # Written in full: a preset's values may not be the defaults.
            values[field.name] = _without_none(section.get_config(defaults=True))
    values["tasks"] = [_task_values(task) for task in config.tasks]
    values["features"] = [serialize_feature(item) for item in config.features]
    values["auxiliary"] = [serialize_helper(item) for item in config.auxiliary]
    if not config.auxiliary:
        del values["auxiliary"]
    return values


def _task_values(task: Task) -> dict[str, Any]:
    """A task's plain values, with those that `[heads]` would else fill in."""
    own = task.get_config(defaults=True)
    return {
        **serialize_task(task),
        **{key: own[key] for key in _FROM_HEADS if key in own},
    }


_LISTS = ("tasks", "features", "auxiliary")
# Tables of a method and its settings: those of another method are not its own.
_WHOLE = ("architecture", "weighting")
_FROM_HEADS = ("widths", "label_smoothing", "transform", "clip")


def _with_source(given: dict[str, Any], errors: list[str]) -> dict[str, Any]:
    """Complete settings by those of the run whose trunk is used, if any."""
    run = _get(given, "transfer", "run")
    if run is None:
        errors += unused_transfer(given)
        return given
    if not isinstance(run, str):
        return given  # It is reported where the settings are made.
    with gather(errors):
        return lay_on_source(given, read_source_run(run), errors)
    return given


def _heart_disease(given: Values) -> dict[str, Any]:
    """The embedded data's settings, less the columns that are labels now."""
    labels: list[str] = []
    for key, deserialize in (
        ("tasks", deserialize_task),
        ("auxiliary", deserialize_helper),
    ):
        entries = given.get(key)
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, Mapping):
                labels += _label_columns(entry, deserialize)
    if not labels:
        return HEART_DISEASE
    inputs = HEART_DISEASE["inputs"]
    columns = [column for column in inputs["columns"] if column not in labels]
    return {**HEART_DISEASE, "inputs": {**inputs, "columns": columns}}


def _label_columns(entry: Values, deserialize: Callable[..., Any]) -> tuple[str, ...]:
    try:
        columns: tuple[str, ...] = deserialize(entry).label_columns
    except ValueError:
        return ()  # What is wrong with it is reported where the tasks are made.
    return columns


def _merge(base: Values, top: Values) -> dict[str, Any]:
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        if key in _WHOLE:
            merged[key] = value
            continue
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            value = _merge(below, value)
        merged[key] = value
    return merged


def _get(values: Values, *keys: str) -> Any:
    found: Any = values
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _declarations(
    values: Values,
    key: str,
    deserialize: Callable[[dict[str, Any]], Any],
    kinds: Mapping[str, type],
    errors: list[str],
) -> list[Any]:
    """Make each declaration of a list, and gather what is wrong with any."""
    entries = values.get(key, [])
    if not isinstance(entries, list) or not all(
        isinstance(entry, Mapping) for entry in entries
    ):
        errors.append(
            f"{key}: expected a list of tables, [[{key}]] in TOML; received "
            f"{show_value(entries)}."
        )
        return []
    made = []
    for index, entry in enumerate(entries):
        name = entry.get("name")
        where = f"{key}[{name if isinstance(name, str) else index}]"
        try:
            made.append(deserialize(dict(entry)))
        except ValidationError as error:
            errors += validation_messages(error, kinds[entry["kind"]], where + ".")
        except ValueError as error:
            errors.append(f"{where}: {error}")
    return made


def _with_head(task: Any, values: Values) -> Any:
    """Give a task what `[heads]` says, where it says nothing itself."""
    heads = values.get("heads")
    entries = {entry.get("name"): entry for entry in values["tasks"]}
    own = entries[task.name]
    changes = {}
    for key in _FROM_HEADS:
        value = _get(values, "heads", key) if isinstance(heads, Mapping) else None
        if value is not None and key not in own and hasattr(task, key):
            changes[key] = value
    try:
        return task.replace(**changes)
    except ValidationError:
        return task  # `[heads]` itself is reported, once


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    # TOML has no null; what is absent is None.
    return {key: value for key, value in values.items() if value is not None}
