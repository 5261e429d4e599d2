"""Tables of a comparison for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from keras_mtl._core.display import printable
from keras_mtl.comparison.candidates import SINGLE_TASK
from keras_mtl.comparison.comparison import Comparison
from keras_mtl.comparison.reason_tables import show_label_efficiency, show_reasons
from keras_mtl.evaluation import SubgroupMetric, main_metric, metric_title

__all__ = ["show_comparison"]


def show_comparison(console: Console, comparison: Comparison) -> None:
    """Print the models' results by task, and the verdicts.

    Args:
        console: The console.
        comparison: The comparison.
    """
    details = comparison.details
    summary: Any = comparison.summary()
    for task in comparison.tasks:
        metric = main_metric(task)
        others = [name for name in task.metric_directions if name != metric]
        shown = [metric, *[name for name in ("log_loss", "mae") if name in others]]
        table = Table(
            title=f"{printable(task.name)}, {details['repeats']} x {details['folds']} "
            "folds: mean and standard deviation; multi-task less the model",
            title_justify="left",
        )
        table.add_column("model")
        for name in shown:
            table.add_column(metric_title(name), justify="right")
        table.add_column("difference", justify="right")
        table.add_column(f"{_level(comparison)} interval", justify="right")
        table.add_column("hurts / same / helps", justify="right")
        for model in comparison.candidates:
            if (task.name, metric, model) not in summary.index:
                continue
            cells = [printable(model)]
            for name in shown:
                row = summary.loc[(task.name, name, model)]
                failed = f" ({row['failed']:.0f} failed)" if row["failed"] else ""
                cells.append(f"{row['mean']:.4f} ± {row['std']:.3f}{failed}")
            table.add_row(*cells, *_difference(comparison, model, task.name))
        console.print(table)
    sentences = [*comparison.verdicts]
    if SINGLE_TASK in comparison.judgements:
        sentences.append(comparison.judgements[SINGLE_TASK].overall_sentence)
    for sentence in filter(None, sentences):
        console.print(printable(sentence))
    show_reasons(console, comparison)
    show_label_efficiency(console, comparison)
    for column, groups in comparison.subgroups.items():
        console.print(_group_table(column, groups))
    for failure in comparison.failures:
        console.print(f"failed: {printable(failure)}")


def _level(comparison: Comparison) -> str:
    for judgement in comparison.judgements.values():
        for task in judgement.tasks:
            return f"{task.difference.level:.0%}"
    return ""


def _difference(comparison: Comparison, model: str, task: str) -> tuple[str, str, str]:
    judgement = comparison.judgements.get(model)
    for judged in judgement.tasks if judgement else ():
        found = judged.difference
        if judged.task == task and math.isfinite(found.mean):
            return (
                f"{found.mean:+.4f}",
                f"{found.low:+.4f} to {found.high:+.4f}",
                f"{found.hurts:.2f} / {found.no_difference:.2f} / {found.helps:.2f}",
            )
    return "", "", ""


def _group_table(column: str, groups: Iterable[SubgroupMetric]) -> Table:
    table = Table(title=f"By {printable(column)}, multi-task", title_justify="left")
    for name in ("group", "task", "rows", "metric", "value", "interval"):
        table.add_column(name)
    for group in groups:
        low, high = group.interval
        table.add_row(
            printable(str(group.group)),
            printable(group.task),
            f"{group.rows}",
            metric_title(group.metric),
            f"{group.value:.3f}",
            f"{low:.3f} to {high:.3f}",
        )
    return table
