"""Settings that a preset chooses from the size of the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_mtl.architectures.solved import solved_settings
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.presets import PRESETS
from keras_mtl.tasks.task import Task

__all__ = [
    "TableFacts",
    "apply_rule",
    "open_settings",
    "preset_values",
    "rule_sentence",
    "table_settings",
    "tries_settings",
]

# Presets whose settings a rule chooses; the others are as they are written.
RULED = ("default", "fast", "best")
# The settings that the preset `best` tries on validation rows, in this order, each with
# all settings that its candidates change.
TRIED = {
    "model.architecture": {"model.architecture"},
    "model.trunk": {"model.trunk"},
    "training.weighting": {"training.weighting"},
    "training.learning_rate": {
        "training.learning_rate",
        "training.epochs",
        "training.patience",
    },
}

# Tables of fewer rows are small, of as many or more are large.
FEW_ROWS = 2_000
MANY_ROWS = 20_000

Layer = Mapping[str, Any]


@dataclass(frozen=True)
class TableFacts:
    """Facts of a table that the rule uses.

    Attributes:
        rows: Its rows, those to be held out among them.
        quantities: Whether a task predicts a number.
    """

    rows: int
    quantities: bool = False

    @classmethod
    def of_tasks(cls, rows: int, tasks: Iterable[Task]) -> TableFacts:
        """Return the facts of so many rows with the tasks of a fit."""
        return cls(
            rows,
            any(task.loss_kind == "regression" for task in tasks if not task.auxiliary),
        )


def table_settings(preset: str, table: TableFacts) -> dict[str, Any]:
    """Return the settings that a preset's rule chooses for a table.

    For classification with few rows, narrow networks are best. For regressions, and for
    classification with more rows, wider networks with a piecewise linear embedding of
    each number are best. With many rows, batches are larger and fewer networks are
    averaged, as more would take much time for little improvement. `python -m
    benchmarks.tables` measures it.

    Args:
        preset: A name in `RULED`.
        table: The table.

    Returns:
        The settings by key, such as `"training.epochs"`.

    Example:

    >>> table_settings("default", TableFacts(rows=500))["model.trunk"]
    (32, 64)
    >>> table_settings("default", TableFacts(rows=50_000))["model.trunk"]
    (256, 256)
    """
    rows = table.rows
    narrow = rows < FEW_ROWS and not table.quantities
    many = rows >= MANY_ROWS
    settings: dict[str, Any] = {
        "inputs.numeric_embedding": "none" if narrow else "ple",
        "model.trunk": (32, 64) if narrow else (256, 256) if many else (128, 128),
        "model.dropout": 0.2,
        "heads.widths": (16,) if narrow else (64,) if many else (32,),
        "training.members": 4 if many else 10,
        "training.epochs": 100 if narrow or many else 300,
        "training.batch_size": 256 if many else 64,
        "training.learning_rate": 1e-3 if narrow else 2e-3,
        # AdamW's decay is per step, of which many rows make many.
        "training.weight_decay": 1.0 if narrow else 0.1,
        "training.patience": 10 if narrow or many else 20,
    }
    if preset == "fast":
        settings["training.members"] = 1
        if rows >= FEW_ROWS:
            settings |= {
                "training.batch_size": 1024 if many else 256,
                "training.epochs": 30 if many else 100,
                "training.patience": 4 if many else 10,
            }
    if preset == "best":
        settings |= {
            "training.members": 8 if many else 20,
            "model.architecture": "hard-sharing",
            "training.weighting": "sum",
        }
    return settings


def preset_values(preset: str, table: TableFacts) -> dict[str, Any]:
    """Return a preset's settings for a table, nested as in a TOML file.

    Args:
        preset: A name in `PRESETS`.
        table: The table.

    Example:

    >>> preset_values("article", TableFacts(rows=500))["training"]["members"]
    1
    """
    chosen = table_settings(preset, table) if preset in RULED else {}
    values = {name: dict(section) for name, section in PRESETS[preset].items()}
    for key, value in chosen.items():
        section, name = key.split(".")
        values.setdefault(section, {})[name] = value
    return values


def open_settings(preset: Any, layers: Sequence[Layer]) -> tuple[str, ...]:
    """Return the names of the settings that a preset's rule chooses.

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
    left = dict.fromkeys(table_settings(preset, TableFacts(rows=0)))
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
    """Apply the rule of the preset to the settings that were not given.

    Args:
        config: The settings.
        rows: The rows of the table.

    Returns:
        The settings, with nothing left to the rule. Those that the preset `best`
        tries are in `by_validation`.
    """
    if not config.by_rule:
        return config
    chosen = table_settings(config.preset, TableFacts.of_tasks(rows, config.tasks))
    if solved_settings(config.model.architecture, config.model) is not None:
        # What is solved for trains no layer before its weights.
        chosen["inputs.numeric_embedding"] = "none"
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
    return config.replace(
        **sections,
        tasks=tasks,
        by_rule=(),
        by_validation=_tried(config) if config.preset == "best" else (),
    )


def tries_settings(config: FitConfig) -> bool:
    """Return whether a fit is to choose some of its settings by validation."""
    return config.preset == "best" and bool(config.by_validation or _tried(config))


def _tried(config: FitConfig) -> tuple[str, ...]:
    """Return the keys of `TRIED` of which all settings are left to the rule."""
    left = {*config.by_rule}
    return tuple(key for key, changed in TRIED.items() if changed <= left)


def rule_sentence(given: FitConfig, chosen: FitConfig, rows: int) -> str:
    """Describe what the rule chose; empty if nothing.

    Args:
        given: The settings before `apply_rule`.
        chosen: The settings after it.
        rows: The rows of the table.
    """
    if solved_settings(chosen.model.architecture, chosen.model) is not None:
        return ""  # None of it is read.
    told = []
    for key in given.by_rule:
        section, _, name = key.partition(".")
        if section != "tasks" and key not in chosen.by_validation:
            value = getattr(getattr(chosen, section), name)
            name = "head widths" if section == "heads" else name.replace("_", " ")
            told.append(f"{name} {_show(value)}")
    return f"Chosen for a table of {rows:,} rows: {', '.join(told)}" if told else ""


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
