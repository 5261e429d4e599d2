"""The model card: the metadata of a version in words."""

from __future__ import annotations

from typing import Any

__all__ = ["model_card"]

# The largest number of words of a column in the card; the metadata have all words.
WORDS_SHOWN = 100


def model_card(metadata: dict[str, Any]) -> str:
    """Return the model card: outputs, inputs, metrics and alerts.

    The card shows the results and alerts of the report of the run, if the metadata
    contain them.

    Args:
        metadata: The metadata of the version.

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
    details = dict(metadata["details"])
    metrics = details.pop("metrics", None)
    report = details.pop("report", None) or {}
    parts = [
        f"# {_cell(metadata['name'])}",
        f"A multi-task model, exported on {metadata['created']} with {versions}.",
        *_alerts(report),
        "## What it predicts",
        _table(
            ("task", "kind", "from column", "predictions", "threshold"),
            [_task_row(task) for task in metadata["tasks"]],
        ),
        *_results(report),
        *_importance(report),
        "## Inputs",
        "Every request holds all features. A number that is missing is `NaN`, a "
        "word that is missing is the empty text; an unknown word is treated as an "
        "average one. A number outside the range seen in training has a prediction, "
        "but no evidence from the data.",
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
    if metrics:
        parts += ["## All metrics", _metrics_table(metrics)]
    if details:
        parts += ["## Training", _bullets(details)]
    return "\n\n".join(parts) + "\n"


def _alerts(report: dict[str, Any]) -> list[str]:
    alerts = report.get("alerts")
    if alerts is None:
        return []
    lines = [
        f"- **{_cell(each['level'].capitalize())}: {_cell(each['title'])}.** "
        f"{_cell(each['text'])}"
        for each in alerts
    ]
    return ["## Alerts", "\n".join(lines) or "The run has no alerts."]


def _results(report: dict[str, Any]) -> list[str]:
    results = report.get("results")
    if not results:
        return []
    rows = [
        (
            each["task"],
            each["rows"],
            each["metric"],
            _number(each["value"]),
            # With too few rows, the interval is unknown.
            ""
            if None in (each["low"], each["high"])
            else f"{_number(each['low'])} to {_number(each['high'])}",
        )
        for each in results
    ]
    header = ("task", "held-out rows", "metric", "value", "95% interval")
    return ["## How well", _table(header, rows)]


def _importance(report: dict[str, Any]) -> list[str]:
    importance = report.get("importance")
    if not importance:
        return []
    rows = [
        (task, ", ".join(f"{name} ({_number(value)})" for name, value in own.items()))
        for task, own in importance.items()
    ]
    return [
        "## What matters",
        "By how much the metric above gets worse when a feature's values are shuffled "
        "over held-out rows.",
        _table(("task", "most important features"), rows),
    ]


def _task_row(task: dict[str, Any]) -> tuple[Any, ...]:
    predictions = task.get("classes") or task.get("labels") or ["a number"]
    return (
        task["name"],
        task["kind"],
        ", ".join(task["columns"]),
        ", ".join(predictions),
        task.get("threshold", ""),
    )


def _feature_row(feature: dict[str, Any]) -> tuple[Any, ...]:
    if "range" in feature:
        low, high = feature["range"]
        ends = [
            f"{end:g}" if isinstance(end, float) else str(end) for end in (low, high)
        ]
        seen = "" if low is None else " to ".join(ends)
    elif "buckets" in feature:
        seen = "any word"
    else:
        words = feature.get("vocabulary", ["yes or no"])
        seen = ", ".join(words[:WORDS_SHOWN])
        if len(words) > WORDS_SHOWN:
            seen += f", ... ({len(words)} in all)"
    missing = ", ".join(str(value) or '""' for value in feature["missing"])
    return feature["name"], feature["column"], feature["dtype"], seen, missing


def _metrics_table(metrics: dict[str, Any]) -> str:
    rows = [
        (part, task, metric, _number(value))
        for part, tasks in metrics.items()
        if isinstance(tasks, dict)
        for task, own in tasks.items()
        if isinstance(own, dict)
        for metric, value in own.items()
    ]
    return _table(("rows", "task", "metric", "value"), rows)


def _number(value: Any) -> Any:
    """Write a number with four digits; a metric that is not defined is empty."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else value


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
    # Names and words come from the data, and must remain text of one cell.
    text = str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(text.split())
