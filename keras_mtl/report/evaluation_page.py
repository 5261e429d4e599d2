"""The report of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_mtl.evaluation import (
    TaskJudgement,
    main_metric,
    metric_title,
    top_class,
)
from keras_mtl.report.document import (
    Block,
    Figure,
    Paragraph,
    Report,
    Section,
    Table,
)
from keras_mtl.report.evaluation_checks import evaluation_alerts
from keras_mtl.report.evaluation_facts import EvaluationFacts
from keras_mtl.report.evaluation_plots import forest_figure, reliability_figure
from keras_mtl.report.feature_sections import dependence_section, importance_section
from keras_mtl.report.page_figures import PageFigures, axes_drawing
from keras_mtl.report.plots import CAPTIONS
from keras_mtl.report.sharing_sections import sharing_sections
from keras_mtl.report.source_section import source_section
from keras_mtl.report.summary_plots import TASKS_WITH_PLOTS
from keras_mtl.tasks import Task

__all__ = ["evaluation_report"]


def evaluation_report(facts: EvaluationFacts) -> Report:
    """Create the report of an evaluation, with alerts and verdicts first.

    Args:
        facts: The content of the report.
    """
    figures = PageFigures()
    details = facts.details
    nothing = Paragraph(
        "Nothing was found: no task that sharing hurts, no copies, leaks or failed "
        "fits, no class without predictions, and no badly calibrated probabilities."
    )
    count = len(facts.tasks)
    sections = [
        Section("Alerts", evaluation_alerts(facts) or [nothing]),
        Section("Does sharing help?", _verdicts(facts)),
        Section("Models", _models(facts)),
        *_differences(facts, figures),
        *_predictions(facts, figures),
        *_subgroups(facts),
        *importance_section(facts.tasks, facts.importance, figures),
        *dependence_section(facts.tasks, facts.importance, facts.dependence, figures),
        *sharing_sections(facts.sharing, facts.tasks, figures),
        Section("Fits", _fits(facts)),
        source_section(
            facts.config,
            "config.toml: the settings of the multi-task network",
            facts.origin,
            facts.versions,
        ),
    ]
    return Report(
        f"Evaluation of {facts.name}",
        f"{count} {'task' if count == 1 else 'tasks'}, {details.get('rows', 0)} rows, "
        f"{details.get('repeats', 0)} x {details.get('folds', 0)} folds, "
        f"{len(facts.models)} models, {details.get('members', 1)} networks in each "
        "fold.",
        sections,
        values=facts.values,
    )


def _verdicts(facts: EvaluationFacts) -> list[Block]:
    blocks: list[Block] = [Paragraph(sentence) for sentence in facts.verdicts]
    judgement = facts.judgements.get(facts.alone or "")
    if judgement is None:
        return blocks
    if judgement.overall_sentence:
        blocks.append(
            Paragraph(
                f"{judgement.overall_sentence} The mean hides a task that is hurt: "
                "read it beside the tasks' own verdicts."
            )
        )
    needed = [
        (
            judged.task,
            judged.facts.title,
            judged.rows_needed.effect,
            _rows_with_label(facts, judged.task),
            round(judged.rows_needed.rows),
            round(judged.rows_needed.low),
            round(judged.rows_needed.high),
        )
        for judged in judgement.tasks
        if judged.rows_needed is not None
    ]
    if needed:
        blocks.append(
            Table(
                "Rows with a label that it takes to see a difference as large as the "
                "measured one, with its 80% interval",
                (
                    "task",
                    "metric",
                    "difference",
                    "rows now",
                    "rows needed",
                    "from",
                    "to",
                ),
                needed,
            )
        )
    return blocks


def _rows_with_label(facts: EvaluationFacts, task: str) -> int:
    return len(facts.labels.get(task, ()))


def _models(facts: EvaluationFacts) -> list[Block]:
    blocks: list[Block] = [
        Paragraph(
            "Mean and standard deviation over the folds. All models are trained and "
            "measured on the same folds; the first metric is the one that verdicts "
            "rest on."
        )
    ]
    groups = facts.metrics.groupby(["task", "metric", "model"], sort=False)["value"]
    cells: Any = groups.agg(["mean", "std", "count", "size"])
    for task in facts.tasks:
        first = main_metric(task)
        names = [first, *[name for name in task.metric_directions if name != first]]
        rows = []
        for model, title in facts.models.items():
            found = [
                cells.loc[(task.name, name, model)]
                if (task.name, name, model) in cells.index
                else None
                for name in names
            ]
            if any(cell is not None for cell in found):
                rows.append((title, *map(_spread, found)))
        better = ", ".join(
            f"{metric_title(name)} {'higher' if side == 'max' else 'lower'}"
            for name, side in task.metric_directions.items()
        )
        blocks.append(
            Table(
                f"{task.name} ({task.kind}); better: {better}",
                ("model", *map(metric_title, names)),
                rows,
            )
        )
    return blocks


def _spread(cell: Any) -> str | None:
    if cell is None:
        return None
    failed = int(cell["size"] - cell["count"])
    words = f" ({failed} failed)" if failed else ""
    if not math.isfinite(cell["mean"]):
        return words.strip() or None
    # The same number of decimals in the whole column, including zeros.
    mean, std = (f"{cell[name]:#.4g}" for name in ("mean", "std"))
    if abs(cell["mean"]) < 10:
        mean, std = (f"{cell[name]:.4f}" for name in ("mean", "std"))
    return f"{mean}{f' ± {std}' if math.isfinite(cell['std']) else ''}{words}"


def _differences(facts: EvaluationFacts, figures: PageFigures) -> list[Section]:
    found: dict[str, dict[str, TaskJudgement]] = {}
    for model, judgement in facts.judgements.items():
        for judged in judgement.tasks:
            if math.isfinite(judged.difference.mean):
                title = facts.models[model]
                found.setdefault(judged.task, {})[title] = judged
    if not found:
        return []
    drawn: list[Block] = []
    for task, by_model in [*found.items()][:TASKS_WITH_PLOTS]:
        wide = {
            title: judged.difference
            for title, judged in by_model.items()
            if judged.difference.splits > 1
        }
        if wide:
            title = next(iter(by_model.values())).facts.title
            drawn.append(figures.draw(forest_figure(task, title, wide)))
    rows = [
        (
            task,
            title,
            judged.facts.title,
            judged.difference.mean,
            judged.difference.low,
            judged.difference.high,
            judged.difference.hurts,
            judged.difference.no_difference,
            judged.difference.helps,
            judged.difference.adjusted_p_value,
        )
        for task, by_model in found.items()
        for title, judged in by_model.items()
    ]
    columns = (
        *("task", "compared with", "metric", "gain", "from", "to"),
        *("worse", "same", "better", "p value"),
    )
    return [
        Section(
            "The multi-task network beside each other model",
            [
                Paragraph(
                    "Gains are above 0 where the multi-task network is better, "
                    "whichever way the metric goes. The intervals and p values are "
                    "those of the corrected resampled t test, p values corrected for "
                    "the number of tasks by Holm's method. The probabilities say how "
                    "likely the network is worse, the same or better by more than "
                    "what matters."
                ),
                *drawn,
                Table("Gains with their intervals and probabilities", columns, rows),
            ],
        )
    ]


def _predictions(facts: EvaluationFacts, figures: PageFigures) -> list[Section]:
    sections = []
    for task in facts.tasks[:TASKS_WITH_PLOTS]:
        labels, outputs = facts.labels[task.name], facts.outputs[task.name]
        if not len(labels):
            continue
        blocks: list[Block] = []
        for name, draw in task.plots(labels, outputs).items():
            # This page has a reliability curve with intervals.
            if name != "calibration" or not task.class_names:
                words = f"{CAPTIONS.get(name, name)} of {task.name}, held-out rows"
                blocks.append(figures.draw(axes_drawing(draw, words)))
        if task.class_names:
            blocks.append(_reliability(facts, task, labels, outputs, figures))
        if blocks:
            sections.append(Section(task.name, blocks))
    blocks = [
        Paragraph(
            "Predictions of the multi-task network for held-out rows, each row once: "
            "the folds of the first repeat."
        )
    ]
    errors = [
        (
            each["task"],
            facts.models[each["model"]],
            each["value"],
            each["bias"],
            max(0.0, each["value"] - each["bias"]),
            each["p_value"],
        )
        for each in facts.calibration
    ]
    if errors:
        blocks.append(
            Table(
                "Calibration errors: the mean distance of observed shares from "
                "predicted probabilities, and what perfect probabilities have at this "
                "number of rows",
                ("task", "model", "error", "by chance", "beyond chance", "p value"),
                errors,
            )
        )
    if not sections and not errors:
        return []
    return [Section("Predictions", blocks, sections)]


def _reliability(
    facts: EvaluationFacts,
    task: Task,
    labels: np.ndarray,
    outputs: np.ndarray,
    figures: PageFigures,
) -> Figure:
    what = task.class_names[-1]
    if task.units > 1:
        what = "the likeliest class"
        labels, outputs = top_class(labels, outputs)
    error = next(
        (
            each
            for each in facts.calibration
            if (each["task"], each["model"]) == (task.name, facts.model)
        ),
        None,
    )
    drawing = reliability_figure(task.name, what, labels, np.ravel(outputs), error)
    return figures.draw(drawing, {"error": error} if error else {})


def _subgroups(facts: EvaluationFacts) -> list[Section]:
    blocks: list[Block] = []
    for column, groups in facts.subgroups.items():
        blocks.append(
            Table(
                f"By {column}; the difference is to all other rows",
                (
                    *("group", "task", "rows", "metric", "value", "from", "to"),
                    *("difference", "from", "to"),
                ),
                [
                    (
                        each.group,
                        each.task,
                        each.rows,
                        metric_title(each.metric),
                        each.value,
                        *each.interval,
                        each.difference,
                        *each.difference_interval,
                    )
                    for each in groups
                ],
            )
        )
    if not blocks:
        return []
    words = (
        "The multi-task network's metric in each group of rows, with intervals that "
        "hold in small groups. None is corrected for the number of groups: among "
        "twenty, one differs by chance."
    )
    return [Section("Results by group of rows", [Paragraph(words), *blocks])]


def _fits(facts: EvaluationFacts) -> list[Block]:
    rows: list[Sequence[Any]] = []
    for model, title in facts.models.items():
        own = facts.details.get("models", {}).get(model)
        if own is not None:
            sizes = [*own.get("parameters", {}).values()]
            rows.append((title, sum(sizes) or None, own.get("seconds")))
    blocks: list[Block] = [
        Table(
            "Trainable and fixed numbers of a model's networks, and the seconds that "
            "all its fits took",
            ("model", "parameters", "seconds"),
            rows,
        )
    ]
    if facts.failures:
        blocks.append(
            Table("Fits that failed", ("fit",), [(each,) for each in facts.failures])
        )
    return blocks
