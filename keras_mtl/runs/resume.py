"""Checks before an interrupted run is resumed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.repeatable import repeatable_values
from keras_mtl.configuration.toml_file import read_toml
from keras_mtl.errors import UserError, show_value
from keras_mtl.runs.checkpoint import (
    Checkpoint,
    checkpoint_path,
    read_checkpoint,
    run_of_checkpoint,
)
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.run_folder import RUN_MARKS, UNNAMED

__all__ = [
    "data_digests",
    "find_interrupted",
    "is_finished",
    "plain",
    "require_same_data",
    "require_same_settings",
    "require_settings_of",
    "settings_of",
]


def find_interrupted(folder: str | None) -> tuple[Path, Checkpoint | None]:
    """Find the run that `--resume` continues.

    Args:
        folder: The path of the run folder; None uses the only unnamed run that was
            interrupted.

    Returns:
        The path of the run folder and the checkpoint; None if the run is complete.

    Raises:
        UserError: If no interrupted run is found, or several match.
    """
    if folder is None:
        found = UNNAMED.glob(checkpoint_path(Path("*")).name)
        runs = sorted(run_of_checkpoint(path) for path in found)
        if len(runs) != 1:
            raise UserError(_not_one(runs))
        folder = str(runs[0])
    run = Path(folder)
    path = checkpoint_path(run)
    if is_finished(folder):
        return run, None
    if path.exists():
        return run, read_checkpoint(path)
    raise UserError(
        f"{path}: no such file. --resume continues an interrupted run, and none was "
        f"to become {run}. Train from the beginning, without --resume."
    )


def _not_one(runs: list[Path]) -> str:
    if not runs:
        return (
            f"--resume: expected an interrupted run in {UNNAMED}/; not found. Name "
            "the run's folder with --out, or train from the beginning, without "
            "--resume."
        )
    names = ", ".join(map(str, runs))
    return (
        f"--resume: expected one interrupted run in {UNNAMED}/; there are "
        f"{len(runs)}: {names}. Choose one with --out."
    )


def is_finished(folder: str) -> bool:
    """Return whether a run is complete, and no later run will replace it.

    A run's own checkpoint is older than its files. It still exists if the command was
    killed just before removing it. A newer checkpoint belongs to a run that will
    replace this one.
    """
    run = Path(folder)
    if not all((run / mark).is_file() for mark in RUN_MARKS):
        return False
    path = checkpoint_path(run)
    if not path.exists():
        return True
    return path.stat().st_mtime_ns <= (run / RUN_MARKS[0]).stat().st_mtime_ns


def require_same_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Check that a run is resumed with its own settings.

    Args:
        before: The settings of the run, from `plain`.
        now: The requested settings, likewise.

    Raises:
        UserError: With all settings that differ.
    """
    before, now = _flat(before), _flat(now)
    errors = [
        f"{key}: --resume continues the run's own setting, {_show(before, key)}; "
        f"received {_show(now, key)}."
        for key in {**before, **now}
        if before.get(key) != now.get(key)
    ]
    if errors:
        raise UserError(
            *errors,
            "Give --resume the run's own settings, or none but --out; or train from "
            "the beginning, without --resume.",
        )


def require_same_data(before: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Check that a run is resumed with its own data.

    Args:
        before: The digests of the run's data, from `data_digests`.
        now: The digests of the present data.

    Raises:
        UserError: If a digest differs.
    """
    changed = [part for part in {**before, **now} if before.get(part) != now.get(part)]
    if changed:
        raise UserError(
            "--resume: expected the data that the run began with. Changed since: "
            f"{', '.join(changed)}. Put the data back, or train from the beginning, "
            "without --resume."
        )


def require_settings_of(run: Path, config: FitConfig) -> None:
    """Check that settings are those of a complete run.

    Args:
        run: The run folder.
        config: The requested settings.

    Raises:
        UserError: With all settings that differ, or the errors of the data.
    """
    data = prepare_data(config)
    require_same_settings(settings_of(run), plain(repeatable_values(data.config)))


def settings_of(run: Path) -> dict[str, Any]:
    """Return the settings of a complete run.

    Args:
        run: The run folder.

    Raises:
        UserError: If the settings cannot be read.
    """
    return plain(read_toml(str(run / RUN_MARKS[0])))


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they would be after writing and reading them.

    Example:

    >>> plain({"trunk": (32, 64)})
    {'trunk': [32, 64]}
    """
    return json.loads(json.dumps(values))


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested settings to dotted names, and use the names of tasks."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for index, each in enumerate(value):
                flat |= _flat(each, f"{name}[{each.get('name', index)}].")
        elif isinstance(value, dict):
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = value
    return flat


def _show(flat: Mapping[str, Any], key: str) -> str:
    return show_value(flat[key]) if key in flat else "nothing"


def data_digests(data: PreparedData) -> dict[str, str]:
    """Compute a digest of each part of the data, by the part's name in messages.

    The digests depend on the content of the rows and not on their file.

    Args:
        data: The result of `prepare_data`.
    """
    digests = {"the number of rows": str(len(data.rows))}
    for feature in data.features:
        name = feature.column_name
        rows = pd.util.hash_pandas_object(data.rows[name], index=False).to_numpy()
        digests[f"column {name}"] = _digest(rows)
    for task in data.tasks:
        digests[f"the labels of {task.name}"] = _digest(data.labels[task.name])
    if data.sample_weight is not None:
        digests["the sample weights"] = _digest(data.sample_weight)
    split = (data.train_rows, data.test_rows, data.groups)
    digests["the split"] = _digest(*split)
    return digests


def _digest(*arrays: np.ndarray) -> str:
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
