"""Sections on reasons why sharing helps: gradients, affinity, groups, labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from keras_mtl.evaluation import main_metric, metric_title
from keras_mtl.report.document import Block, KeyValues, Paragraph, Section, Table
from keras_mtl.report.evaluation_facts import SharingFacts
from keras_mtl.report.figures import COLORS, Drawing
from keras_mtl.report.page_figures import PageFigures
from keras_mtl.tasks import Task

__all__ = ["sharing_sections"]

# The largest number of tasks whose names are readable in a heat map.
MOST_CELLS = 12


def sharing_sections(
    facts: SharingFacts, tasks: Sequence[Task], figures: PageFigures
) -> list[Section]:
    """Build the sections of the measured facts.

    Args:
        facts: The measured facts.
        tasks: The tasks.
        figures: The figures of the page.

    Returns:
        At most five sections.
    """
    sections = []
    if facts.sentences:
        blocks = [Paragraph(sentence) for sentence in facts.sentences]
        sections.append(Section("Why sharing helps or hurts", blocks))
    if _has_rows(facts.gradient_cosines):
        sections.append(_cosines(facts.gradient_cosines, figures))
    if _has_rows(facts.affinity):
        sections.append(_affinity(facts.affinity, figures))
    if facts.task_groups:
        sections.append(_groups(facts.task_groups))
    if _has_rows(facts.label_efficiency):
        sections.append(_label_efficiency(facts.label_efficiency, tasks, figures))
    return sections


def _has_rows(frame: pd.DataFrame | None) -> bool:
    return frame is not None and not frame.empty


def _cosines(frame: Any, figures: PageFigures) -> Section:
    pairs = {
        f"{task} and {other}": rows.sort_values("epoch")
        for (task, other), rows in frame.groupby(["task", "other"], sort=False)
    }
    means = {name: float(rows["cosine"].mean()) for name, rows in pairs.items()}
    # If there are many pairs, those with the strongest conflict.
    shown = sorted(pairs, key=means.__getitem__)[: len(COLORS)]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.axhline(0, color="0.5", linewidth=1)
        for name, color in zip(shown, COLORS, strict=False):
            rows = pairs[name]
            epochs = rows["epoch"].to_numpy("float64")
            cosine = rows["cosine"].to_numpy("float64")
            spread = rows["std"].to_numpy("float64")
            axes.fill_between(
                epochs, cosine - spread, cosine + spread, color=color, alpha=0.12
            )
            axes.plot(epochs, cosine, color=color, linewidth=2, label=name)
        axes.set(title="cosines of gradients", xlabel="epoch", ylabel="cosine")
        axes.legend(fontsize="small", framealpha=0.6)

    caption = "Cosine of two tasks' gradients on the shared layers, over the epochs"
    return Section(
        "Conflict between the tasks' gradients",
        [
            Paragraph(
                "Below 0 a step for one task undoes a part of the step for the other. "
                "The band is the standard deviation over the networks."
            ),
            figures.draw(
                Drawing((5.2, 4.0), draw, caption),
                {"rows": frame.to_dict("records")},
            ),
            Table(
                "Mean cosine over the epochs",
                ("tasks", "cosine"),
                list(means.items()),
            ),
        ],
    )


def _affinity(frame: Any, figures: PageFigures) -> Section:
    names = [str(name) for name in frame.columns]
    values = frame.to_numpy("float64")
    blocks: list[Block] = [
        Paragraph(
            "How much of a task's loss a step on another task alone takes away "
            "(Fifty et al. 2021). Below 0 the step makes it worse. Affinities are a "
            "hint: the verdicts above are what was measured."
        )
    ]
    if len(names) <= MOST_CELLS:
        blocks.append(
            figures.draw(
                _affinity_drawing([str(name) for name in frame.index], names, values)
            )
        )
    blocks.append(
        Table(
            "Gain of the task in the column from a step on the task in the row",
            ("step on", *names),
            [
                (str(name), *row)
                for name, row in zip(frame.index, values.tolist(), strict=True)
            ],
        )
    )
    return Section("Affinity of tasks", blocks)


def _affinity_drawing(
    rows: list[str], columns: list[str], values: np.ndarray
) -> Drawing:
    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        others = values[np.eye(*values.shape) == 0]
        # A task's gain from its own step is larger than the relevant gains, and left
        # out.
        reach = float(np.nanmax(np.abs(others), initial=1e-12))
        shades = np.clip(values / reach, -1, 1)
        # Orange hurts, blue helps.
        axes.imshow(shades, cmap="PuOr", vmin=-1.4, vmax=1.4)
        for (row, column), value in np.ndenumerate(values):
            axes.text(
                column,
                row,
                f"{value:.2g}",
                ha="center",
                va="center",
                fontsize="small",
                color="black" if abs(shades[row, column]) < 0.8 else "white",
            )
        axes.set_xticks(range(len(columns)), columns, rotation=30, ha="right")
        axes.set_yticks(range(len(rows)), rows)
        axes.set(title="affinity", xlabel="task that gains", ylabel="step on")

    side = 2.0 + 0.5 * max(len(rows), len(columns))
    return Drawing(
        (max(5.2, side), max(3.6, side)),
        draw,
        "Gain of each task from a step on another task",
    )


def _groups(groups: Mapping[str, Any]) -> Section:
    return Section(
        "Tasks that should share a trunk",
        [
            Paragraph(
                "The groups promise the largest gain by the affinities. Measure them "
                "before you rely on them."
            ),
            KeyValues({str(key): _words(value) for key, value in groups.items()}),
        ],
    )


def _words(value: Any) -> Any:
    """Format nested values as text, with groups separated by semicolons."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_words(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        nested = any(isinstance(each, list | tuple | Mapping) for each in value)
        return ("; " if nested else ", ").join(str(_words(each)) for each in value)
    return f"{value:.4g}" if isinstance(value, float) else value


def _label_efficiency(
    frame: Any, tasks: Sequence[Task], figures: PageFigures
) -> Section:
    metrics = {task.name: main_metric(task) for task in tasks}
    # The metric of the verdicts; `report.json` has the others.
    frame = frame[frame["metric"] == frame["task"].map(metrics)]
    blocks: list[Block] = [
        Paragraph(
            "A task's result when only a share of its labels is kept, and all labels "
            "of the other tasks. Sharing shows its worth where the multi-task curve "
            "lies above at small shares."
        )
    ]
    for (task, metric), rows in frame.groupby(["task", "metric"], sort=False):
        blocks.append(
            figures.draw(
                _label_drawing(str(task), str(metric), rows),
                {"rows": rows.to_dict("records")},
            )
        )
    blocks.append(
        Table(
            "Results by share of labels",
            ("task", "share of labels", "model", "metric", "mean", "std"),
            [
                (
                    row["task"],
                    f"{row['share']:.0%}",
                    row["model"],
                    metric_title(row["metric"]),
                    row["mean"],
                    row["std"],
                )
                for row in frame.to_dict("records")
            ],
        )
    )
    return Section("Label efficiency", blocks)


def _label_drawing(task: str, metric: str, rows: pd.DataFrame) -> Drawing:
    title = metric_title(metric)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        models = rows.groupby("model", sort=False)
        for (model, own), color in zip(models, COLORS, strict=False):
            ordered = own.sort_values("share")
            axes.errorbar(
                100 * ordered["share"].to_numpy("float64"),
                ordered["mean"].to_numpy("float64"),
                ordered["std"].to_numpy("float64"),
                color=color,
                marker="o",
                capsize=2,
                linewidth=2,
                elinewidth=1,
                label=str(model),
            )
        axes.set(
            title=f"{task}: {title} by share of labels",
            xlabel="labels kept, in percent",
            ylabel=title,
        )
        axes.legend(fontsize="small", framealpha=0.6)

    return Drawing((5.2, 3.8), draw, f"{title} of {task} by the share of its labels")
