"""What a preset leaves open until the table is read, and chooses by its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.presets import PRESETS

__all__ = [
    "apply_rule",
    "open_settings",
    "preset_values",
    "rule_sentence",
    "table_settings",
]

# Presets whose settings a rule chooses; the others are as they are written.
RULED = ("default",)

Layer = Mapping[str, Any]


def table_settings(preset: str, rows: int) -> dict[str, Any]:
    """Returns what a preset's rule chooses for a table.

    Args:
        preset: A name in `RULED`.
        rows: The rows of the table, those to be held out among them.

    Returns:
        The settings by key, such as `"training.epochs"`.

    Example:

    >>> table_settings("default", 500)["training.weight_decay"]
    1.0
    """
    return {
        "model.trunk": (32, 64),
        "model.dropout": 0.2,
        "heads.widths": (16,),
        "training.members": 10,
        "training.epochs": 100,
        "training.batch_size": 64,
        "training.learning_rate": 1e-3,
        "training.weight_decay": 1.0,
        "training.patience": 10,
    }


def preset_values(preset: str, rows: int) -> dict[str, Any]:
    """Returns a preset's settings for a table, nested as in a TOML file.

    Args:
        preset: A name in `PRESETS`.
        rows: The rows of the table.

    Example:

    >>> preset_values("article", 500)["training"]["members"]
    1
    """
    chosen: dict[str, Any] = table_settings(preset, rows) if preset in RULED else {}
    values = {name: dict(section) for name, section in PRESETS[preset].items()}
    for key, value in chosen.items():
        section, name = key.split(".")
        values.setdefault(section, {})[name] = value
    return values


def open_settings(preset: Any, layers: Sequence[Layer]) -> tuple[str, ...]:
    """Returns the settings that are left to a preset's rule.

    Args:
        preset: The preset.
        layers: Nested settings, later ones win. One that was made of a
            `FitConfig` tells in `by_rule` which of its values nobody gave.

    Returns:
        Keys such as `"training.epochs"`, and `"tasks.NAME.widths"` of each task
        whose head is to have the widths that the rule gives all heads.
    """
    if preset not in RULED:
        return ()
    left = dict.fromkeys(table_settings(preset, 0))
    names: dict[str, None] = {}
    for layer in layers:
        unsaid = set(layer.get("by_rule", ()))
        for key in [each for each in left if each not in unsaid]:
            section, name = key.split(".")
            values = layer.get(section)
            if isinstance(values, Mapping) and values.get(name) is not None:
                del left[key]
        entries = layer.get("tasks")
        if isinstance(entries, list):
            names = {
                f"tasks.{entry.get('name')}.widths": None
                for entry in entries
                if isinstance(entry, Mapping)
                and (
                    "widths" not in entry
                    or f"tasks.{entry.get('name')}.widths" in unsaid
                )
            }
    return (*left, *(names if "heads.widths" in left else ()))


def apply_rule(config: FitConfig, rows: int) -> FitConfig:
    """Chooses what the settings leave to the preset's rule.

    Args:
        config: The settings.
        rows: The rows of the table.

    Returns:
        The settings, with nothing left to the rule.
    """
    if not config.by_rule:
        return config
    chosen = table_settings(config.preset, rows)
    changes: dict[str, dict[str, Any]] = {}
    heads = set()
    for key in config.by_rule:
        section, _, name = key.partition(".")
        if section == "tasks":
            heads.add(name.partition(".")[0])
        else:
            changes.setdefault(section, {})[name] = chosen[key]
    sections = {
        section: getattr(config, section).replace(**values)
        for section, values in changes.items()
    }
    tasks = tuple(
        task.replace(widths=chosen["heads.widths"]) if task.name in heads else task
        for task in config.tasks
    )
    return config.replace(**sections, tasks=tasks, by_rule=())


def rule_sentence(given: FitConfig, rows: int) -> str:
    """Tells what the rule chose, for the start of a fit; empty if nothing.

    Args:
        given: The settings before `apply_rule`.
        rows: The rows of the table.
    """
    chosen = (
        {
            key: value
            for key, value in table_settings(given.preset, rows).items()
            if key in given.by_rule
        }
        if given.by_rule
        else {}
    )
    if not chosen:
        return ""
    named = ", ".join(
        f"{key.partition('.')[2].replace('_', ' ')} {_show(value)}"
        for key, value in chosen.items()
    )
    return f"Chosen for a table of {rows:,} rows: {named}"


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
