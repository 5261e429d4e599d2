"""Tables for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.table import Table

from keras_mtl._core.display import printable
from keras_mtl.features.feature import Feature
from keras_mtl.tasks.task import Task

__all__ = ["data_table", "metrics_tables"]

# The largest number of features that a table lists.
MOST_FEATURES = 100
FIRST_FEATURES = 20


def metrics_tables(
    metrics: Mapping[str, Mapping[str, float]], title: str, width: int
) -> list[Table]:
    """Return the tables of the tasks' metrics, with one row per task.

    Args:
        metrics: The metrics by task name and by name of the metric.
        title: The title of the first table.
        width: The largest number of characters per line. A wider table continues in
            another table below it.

    Returns:
        The tables, each of which has the column of the tasks.
    """
    names = list(dict.fromkeys(name for row in metrics.values() for name in row))
    tasks = [printable(task) for task in metrics]
    first = max(map(len, ["task", *tasks])) + len("│  │")
    blocks: list[list[str]] = [[]]
    filled = first
    for name in names:
        cells = [_cell(name, row.get(name)) for row in metrics.values()]
        # A heading of several words is split into lines.
        wide = max(map(len, [*name.split("_"), *cells])) + len("  │")
        if blocks[-1] and filled + wide > width:
            blocks.append([])
            filled = first
        blocks[-1].append(name)
        filled += wide
    tables: list[Table] = []
    for block in blocks:
        table = Table(title=None if tables else title, title_justify="left")
        table.add_column("task", overflow="fold")
        for name in block:
            table.add_column(name.replace("_", " "), justify="right")
        for task, row in zip(tasks, metrics.values(), strict=True):
            table.add_row(task, *[_cell(name, row.get(name)) for name in block])
        tables.append(table)
    return tables


def data_table(tasks: Sequence[Task], features: Sequence[Feature]) -> Table:
    """Return the table of the tasks and features.

    If there are many features, only the first ones are listed, and the others are
    counted by kind.
    """
    table = Table(title="Tasks and features", title_justify="left")
    for heading in ("what", "name", "kind", "column", "how"):
        table.add_column(heading)
    for task in tasks:
        columns = ", ".join(task.label_columns)
        what = "auxiliary task" if task.auxiliary else "task"
        _add_row(table, what, task.name, task.kind, columns, task.describe())
    table.add_section()
    shown = features if len(features) <= MOST_FEATURES else features[:FIRST_FEATURES]
    for feature in shown:
        _add_row(
            table,
            "feature",
            feature.name,
            feature.kind,
            feature.column_name,
            feature.describe(),
        )
    others = Counter(feature.kind for feature in features[len(shown) :])
    for kind, count in others.items():
        _add_row(table, "feature", f"... {count:,} more", kind, "", "")
    return table


def _add_row(table: Table, *cells: str) -> None:
    table.add_row(*map(printable, cells))


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if name == "rows" else f"{value:.3f}"
