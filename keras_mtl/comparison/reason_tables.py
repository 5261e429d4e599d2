"""Tables of the reasons why sharing helps or hurts, for the terminal."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console
from rich.table import Table

from keras_mtl._core.display import printable
from keras_mtl.comparison.candidates import MULTI_TASK, SINGLE_TASK
from keras_mtl.comparison.comparison import Comparison
from keras_mtl.comparison.reason_sentences import reason_sentences
from keras_mtl.evaluation import main_metric, metric_title

__all__ = ["show_label_efficiency", "show_reasons"]

# A table of more tasks is wider than a terminal. The file of results contains all.
MOST_TASKS_SHOWN = 8


def show_reasons(console: Console, comparison: Comparison) -> None:
    """Print affinities, groups of tasks, and their agreement with the gains.

    Args:
        console: The console.
        comparison: The comparison.
    """
    names = [task.name for task in comparison.tasks]
    affinity: Any = comparison.affinity
    if len(affinity) and len(names) <= MOST_TASKS_SHOWN:
        table = Table(
            title="Affinity: how much a step on a task lowers the loss of another, as "
            "a share of what the other's own step does; below 0 the step hurts",
            title_justify="left",
        )
        table.add_column("step on")
        for name in names:
            table.add_column(f"onto {printable(name)}", justify="right")
        found = affinity.set_index(["task", "onto"])
        for task in names:
            cells = [
                _share(float(found.loc[(task, onto), "relative"]))
                if (task, onto) in found.index
                else ""
                for onto in names
            ]
            table.add_row(printable(task), *cells)
        console.print(table)
    for sentence in reason_sentences(comparison):
        console.print(printable(sentence))


def show_label_efficiency(console: Console, comparison: Comparison) -> None:
    """Print the results of each task by the share of its labels.

    Args:
        console: The console.
        comparison: The comparison.
    """
    found: Any = comparison.label_efficiency
    if not len(found):
        return
    for task in comparison.tasks:
        metric = main_metric(task)
        own = found[(found["task"] == task.name) & (found["metric"] == metric)]
        table = Table(
            title=f"{printable(task.name)}, {metric_title(metric)} over the share of "
            "its labels, at the same number of steps; all labels of the other tasks",
            title_justify="left",
        )
        for name in ("share", "labels", MULTI_TASK, SINGLE_TASK, "gain", "interval"):
            table.add_column(name, justify="right")
        for share, rows in own.groupby("share"):
            by_model = rows.set_index("model")
            shared, alone = by_model.loc[MULTI_TASK], by_model.loc[SINGLE_TASK]
            table.add_row(
                f"{share:g}",
                f"{shared['labels']:.0f}",
                *[
                    f"{each['mean']:.4f} ± {each['std']:.3f}"
                    for each in (shared, alone)
                ],
                f"{shared['gain']:+.4f}",
                f"{shared['low']:+.4f} to {shared['high']:+.4f}",
            )
        console.print(table)


def _share(value: float) -> str:
    # Without the sign of a negative zero.
    return "" if math.isnan(value) else f"{round(value, 3) + 0.0:+.1%}"
