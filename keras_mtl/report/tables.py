"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from keras_mtl.features.feature import Feature
from keras_mtl.tasks.task import Task

__all__ = ["data_table", "measures_table"]


def measures_table(measures: Mapping[str, Mapping[str, float]], title: str) -> Table:
    """Makes the table of the tasks' measures: a row a task.

    Args:
        measures: By task name the measures by their name.
        title: The table's title.
    """
    names = list(dict.fromkeys(name for row in measures.values() for name in row))
    table = Table(title=title, title_justify="left")
    table.add_column("task")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for task, row in measures.items():
        table.add_row(task, *[_cell(name, row.get(name)) for name in names])
    return table


def data_table(tasks: Sequence[Task], features: Sequence[Feature]) -> Table:
    """Makes the table of what is predicted and from what."""
    table = Table(title="Tasks and features", title_justify="left")
    for heading in ("what", "name", "kind", "column", "how"):
        table.add_column(heading)
    for task in tasks:
        table.add_row(
            "task", task.name, task.kind, ", ".join(task.label_columns), task.describe()
        )
    table.add_section()
    for feature in features:
        table.add_row(
            "feature",
            feature.name,
            feature.kind,
            feature.column_name,
            feature.describe(),
        )
    return table


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if name == "rows" else f"{value:.3f}"
