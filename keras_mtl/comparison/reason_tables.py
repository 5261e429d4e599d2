"""Why sharing helps or hurts, on the terminal."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console
from rich.table import Table

from keras_mtl._core.display import printable
from keras_mtl.comparison.candidates import GROUPS, MULTI_TASK, SINGLE_TASK
from keras_mtl.comparison.comparison import Comparison
from keras_mtl.evaluation import main_metric, metric_title

__all__ = ["reason_sentences", "show_label_efficiency", "show_reasons"]

# A table of more tasks is wider than a terminal; all of it is in the result's file.
MOST_TASKS_SHOWN = 8


def show_reasons(console: Console, comparison: Comparison) -> None:
    """Prints affinities, groups of tasks and how well they agree with the gains.

    Args:
        console: The console.
        comparison: The comparison.
    """
    names = [task.name for task in comparison.tasks]
    affinity: Any = comparison.affinity
    if len(affinity) and len(names) <= MOST_TASKS_SHOWN:
        table = Table(
            title="Affinity: the change of a task's loss by a step on another, in "
            "thousandths of the loss; above 0 the step helps",
            title_justify="left",
        )
        table.add_column("step on")
        for name in names:
            table.add_column(f"onto {printable(name)}", justify="right")
        found = affinity.set_index(["task", "onto"])
        for task in names:
            cells = [
                _thousandths(found.loc[(task, onto)])
                if (task, onto) in found.index
                else ""
                for onto in names
            ]
            table.add_row(printable(task), *cells)
        console.print(table)
    for sentence in reason_sentences(comparison):
        console.print(printable(sentence))


def show_label_efficiency(console: Console, comparison: Comparison) -> None:
    """Prints each task's result over the share of its labels.

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


def reason_sentences(comparison: Comparison) -> list[str]:
    """Returns sentences on conflict, groups and agreement.

    Args:
        comparison: The comparison.
    """
    return [
        *_conflict(comparison),
        *_grouping(comparison),
        *_agreement(comparison),
    ]


def _conflict(comparison: Comparison) -> list[str]:
    cosines: Any = comparison.gradient_cosines
    if not len(cosines):
        return []
    means = cosines.groupby(["task", "other"], sort=False)["cosine"].mean()
    (task, other), lowest = means.idxmin(), means.min()
    if len(means) == 1:
        return [
            f"The gradients of {task} and {other} on the shared layers have a mean "
            f"cosine of {lowest:.2f} over training."
        ]
    return [
        "The mean cosine between two tasks' gradients on the shared layers is "
        f"{means.mean():.2f} over training; the lowest is that of {task} and {other}, "
        f"{lowest:.2f}."
    ]


def _grouping(comparison: Comparison) -> list[str]:
    found = comparison.task_groups
    if found is None:
        return []
    grouping = found.grouping
    groups = " | ".join(", ".join(group) for group in grouping.groups)
    sentence = (
        f"By affinity these tasks should share a trunk: {groups}. That promises a mean "
        f"gain of {_promille(grouping.gain)} of the loss per step, "
        f"{_promille(grouping.gain_together)} with one trunk for all; "
        f"{found.agreeing_folds} of {found.folds} folds choose these groups."
    )
    if GROUPS not in comparison.candidates:
        return [f"{sentence} Measure it with --compare groups."]
    return [sentence]


def _agreement(comparison: Comparison) -> list[str]:
    found = comparison.affinity_agreement
    if found is None:
        return []
    interval = ""
    if math.isfinite(found.low):
        interval = (
            f" ({found.level:.0%} interval over the folds {found.low:+.2f} to "
            f"{found.high:+.2f})"
        )
    return [
        f"Over {found.tasks} tasks, the affinity onto a task and its measured gain "
        f"have a rank correlation of {found.correlation:+.2f}{interval}; p = "
        f"{found.p_value:.2f}. Affinity is a hint, the measured difference counts."
    ]


def _thousandths(row: Any) -> str:
    spread = "" if math.isnan(row["std"]) else f" ± {1000 * row['std']:.2f}"
    return f"{1000 * row['affinity']:+.2f}{spread}"


def _promille(value: float) -> str:
    return f"{1000 * value:+.2f} thousandths"
