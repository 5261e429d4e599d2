"""Facts about a model that are in its run folder and not in the model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from keras_mtl.errors import UserError

__all__ = ["run_details", "run_origin"]


def run_details(run: Path) -> dict[str, Any]:
    """Read the facts for the metadata of a served version.

    Args:
        run: The run folder.

    Returns:
        Plain values: `"metrics"`, by rows, task and metric; `"report"`, the report's
        alerts, main results and important features; `"data"`, the file's name and
        SHA-256 digest; `"seed"` and `"preset"`. Values that the run does not have are
        left out.

    Raises:
        UserError: If a file of the run is damaged.
    """
    details: dict[str, Any] = {}
    metrics = _read_json(run / "metrics.json")
    if metrics is not None:
        measured = ("test", "train", "validation")
        details["metrics"] = {key: metrics[key] for key in measured if key in metrics}
        details |= {
            key: metrics[key] for key in ("rows", "calibration") if key in metrics
        }
    report = _read_json(run / "report.json")
    if report is not None and "values" in report:
        details["report"] = report["values"]
    # Clients never get these values.
    auxiliary = _auxiliary_tasks(_settings(run))
    for part in details.get("metrics", {}).values():
        for name in auxiliary:
            part.pop(name, None)
    if "report" in details:
        details["report"] = _without_tasks(details["report"], auxiliary)
    return {**details, **run_origin(run)}


def run_origin(run: Path) -> dict[str, Any]:
    """Read the origin of a run or an evaluation.

    Args:
        run: The folder with a `config.toml`.

    Returns:
        Plain values: `"data"`, the file's name and SHA-256 digest; `"seed"` and
        `"preset"`. Empty without a `config.toml`.
    """
    if not (run / "config.toml").is_file():
        return {}
    values = _settings(run)
    data = values.get("data")
    origin: dict[str, Any] = {
        key: values[key] for key in ("preset", "seed") if key in values
    }
    return {**origin, "data": _describe_data(data if isinstance(data, dict) else {})}


def _settings(run: Path) -> dict[str, Any]:
    from keras_mtl.configuration.toml_file import read_toml

    path = run / "config.toml"
    return read_toml(str(path)) if path.is_file() else {}


def _auxiliary_tasks(settings: dict[str, Any]) -> list[str]:
    tasks = settings.get("tasks")
    return [
        task["name"]
        for task in (tasks if isinstance(tasks, list) else [])
        if isinstance(task, dict) and task.get("auxiliary") and "name" in task
    ]


def _without_tasks(report: dict[str, Any], names: list[str]) -> dict[str, Any]:
    results = [each for each in report["results"] if each["task"] not in names]
    importance = {
        task: own for task, own in report["importance"].items() if task not in names
    }
    return {**report, "results": results, "importance": importance}


def _read_json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise UserError(f"{path}: expected JSON; received: {error}.") from None
    if not isinstance(read, dict):
        raise UserError(f"{path}: expected a JSON object; received: {read!r:.40}.")
    return read


def _describe_data(settings: dict[str, Any]) -> dict[str, Any]:
    from keras_mtl.datasets.heart_disease import heart_disease_path

    path = Path(str(settings["path"])) if settings.get("path") else heart_disease_path()
    described: dict[str, Any] = {"file": path.name}
    # The data may have been moved since.
    if path.is_file():
        with path.open("rb") as stream:
            described["sha256"] = hashlib.file_digest(stream, "sha256").hexdigest()
    return described
