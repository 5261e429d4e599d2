"""The model card: a version's metadata in words."""

from __future__ import annotations

from typing import Any

__all__ = ["model_card"]


def model_card(metadata: dict[str, Any]) -> str:
    """Tells what a model answers, from what, and how well.

    Args:
        metadata: The version's metadata.

    Returns:
        The page, in Markdown.

    Example:

    >>> task = {"name": "heart", "kind": "binary", "columns": ["num"]}
    >>> metadata = {"name": "m", "created": "2026-01-01", "versions": {"keras": "3"}}
    >>> metadata |= {"tasks": [task], "features": [], "signatures": {}, "details": {}}
    >>> print(model_card(metadata).splitlines()[0])
    # m
    """
    versions = ", ".join(
        f"{key} {value}" for key, value in metadata["versions"].items()
    )
    parts = [
        f"# {metadata['name']}",
        f"A multi-task model, exported on {metadata['created']} with {versions}.",
        "## What it answers",
        _table(
            ("task", "kind", "from column", "answers", "threshold"),
            [_task_row(task) for task in metadata["tasks"]],
        ),
        "## What it takes",
        "Every request holds all features. A number that is missing is `NaN`, a "
        "word that is missing is the empty text; an unknown word is answered as an "
        "average one. A number outside the range seen in training is answered, "
        "but with no evidence from the data.",
        _table(
            ("feature", "from column", "type", "range or words in training", "missing"),
            [_feature_row(feature) for feature in metadata["features"]],
        ),
        "## Signatures",
        _table(
            ("signature", "answers"),
            [
                (key, signature["answers"])
                for key, signature in metadata["signatures"].items()
            ],
        ),
    ]
    details = dict(metadata["details"])
    metrics = details.pop("metrics", None)
    if metrics:
        parts += ["## How well", _metrics_table(metrics)]
    if details:
        parts += ["## How it came about", _bullets(details)]
    return "\n\n".join(parts) + "\n"


def _task_row(task: dict[str, Any]) -> tuple[Any, ...]:
    answers = task.get("classes") or task.get("labels") or ["a number"]
    return (
        task["name"],
        task["kind"],
        ", ".join(task["columns"]),
        ", ".join(answers),
        task.get("threshold", ""),
    )


def _feature_row(feature: dict[str, Any]) -> tuple[Any, ...]:
    if "range" in feature:
        low, high = feature["range"]
        ends = [
            f"{end:g}" if isinstance(end, float) else str(end) for end in (low, high)
        ]
        seen = "" if low is None else " to ".join(ends)
    else:
        seen = ", ".join(feature.get("vocabulary", ["yes or no"]))
    missing = ", ".join(str(value) or '""' for value in feature["missing"])
    return feature["name"], feature["column"], feature["dtype"], seen, missing


def _metrics_table(metrics: dict[str, Any]) -> str:
    rows = [
        (part, task, measure, f"{value:.4g}" if isinstance(value, float) else value)
        for part, tasks in metrics.items()
        if isinstance(tasks, dict)
        for task, metrics in tasks.items()
        if isinstance(metrics, dict)
        for measure, value in metrics.items()
    ]
    return _table(("rows", "task", "measure", "value"), rows)


def _bullets(values: dict[str, Any], indent: str = "") -> str:
    lines = []
    for key, value in values.items():
        if isinstance(value, dict):
            lines += [f"{indent}- {_cell(key)}:", _bullets(value, indent + "  ")]
        else:
            lines.append(f"{indent}- {_cell(key)}: {_cell(value)}")
    return "\n".join(lines)


def _table(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines
    )


def _cell(value: Any) -> str:
    # Names and words come from the data: they must stay text of one cell.
    text = str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(text.split())
