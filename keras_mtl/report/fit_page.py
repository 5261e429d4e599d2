"""The report of a fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_mtl.evaluation import SubgroupMetric, metric_title, subgroup_metrics
from keras_mtl.report import plots
from keras_mtl.report.deviation_section import deviation_section
from keras_mtl.report.document import (
    Alert,
    Block,
    Figure,
    Paragraph,
    Report,
    Section,
    Table,
)
from keras_mtl.report.feature_sections import dependence_section, importance_section
from keras_mtl.report.figures import Drawing
from keras_mtl.report.fit_facts import FitFacts
from keras_mtl.report.model_checks import model_alerts
from keras_mtl.report.network_drawing import draw_network
from keras_mtl.report.page_figures import PageFigures
from keras_mtl.report.row_checks import data_alerts
from keras_mtl.report.sharing_section import sharing_alerts, sharing_sections
from keras_mtl.report.solution_section import solution_section
from keras_mtl.report.source_section import source_section
from keras_mtl.report.summary_plots import TASKS_WITH_PLOTS

__all__ = ["fit_report"]

# For more tasks, intervals would take too long.
TASKS_WITH_INTERVALS = 100
FEATURES_ON_CARD = 3


def fit_report(facts: FitFacts) -> Report:
    """Create the report of a fit.

    Args:
        facts: The content of the report.
    """
    figures = PageFigures()
    intervals = _intervals(facts)
    train, test = (facts.metrics.get(part, {}) for part in ("train", "test"))
    alerts: list[Alert] = []
    if facts.rows is not None:
        alerts += data_alerts(facts.rows, facts.tasks)
    alerts += model_alerts(
        facts.tasks,
        facts.labels,
        facts.outputs,
        train,
        intervals,
        facts.metrics.get("idle_units", ()),
        facts.metrics.get("epochs", ()),
        facts.epochs,
    )
    alerts += sharing_alerts(facts.sharing)
    alerts.sort(key=lambda alert: alert.level != "warning")
    rows = facts.metrics.get("rows", {})
    members = facts.metrics.get("members", 1)
    count = len(facts.tasks)
    summary = (
        f"{count} {'task' if count == 1 else 'tasks'}, {rows.get('train', 0)} training "
        f"rows, {rows.get('test', 0)} held-out rows, {members} "
        f"{'member' if members == 1 else 'members'} with "
        f"{facts.metrics.get('parameters', 0)} trainable parameters each."
    )
    nothing = Paragraph(
        "Nothing was found: no copies, leaks, drift, idle units or classes without "
        "predictions."
    )
    return Report(
        facts.name,
        summary,
        [
            Section("Alerts", alerts or [nothing]),
            Section("Results", _results(facts, intervals, train, test)),
            *_figures(facts, figures),
            *sharing_sections(facts.sharing),
            *solution_section(facts.solution, figures),
            *deviation_section(facts.tasks, facts.labels, facts.outputs),
            *importance_section(facts.tasks, facts.importance, figures),
            *dependence_section(
                facts.tasks, facts.importance, facts.dependence, figures
            ),
            *_network(facts),
            source_section(
                facts.config,
                "config.toml repeats this fit",
                facts.origin,
                facts.versions,
            ),
        ],
        values=_summary(facts, alerts, intervals),
    )


def _summary(
    facts: FitFacts, alerts: Sequence[Alert], intervals: Mapping[str, SubgroupMetric]
) -> dict[str, Any]:
    """Return the values of the report for a model card."""
    important: dict[str, dict[str, float]] = {}
    for found in facts.importance:
        own = important.setdefault(found.task, {})
        if found.importance > 0 and len(own) < FEATURES_ON_CARD:
            own[found.feature] = found.importance
    return {
        "alerts": [
            {"level": each.level, "title": each.title, "text": each.text}
            for each in alerts
        ],
        "results": [
            {
                "task": task.name,
                "rows": each.rows,
                "metric": metric_title(each.metric),
                "value": each.value,
                "low": each.interval[0],
                "high": each.interval[1],
            }
            for task in facts.tasks
            if (each := intervals.get(task.name)) is not None
        ],
        "importance": {task: own for task, own in important.items() if own},
    }


def _intervals(facts: FitFacts) -> dict[str, SubgroupMetric]:
    found: dict[str, SubgroupMetric] = {}
    for task in facts.tasks[:TASKS_WITH_INTERVALS]:
        labels = facts.labels[task.name]
        # Only a kind with a metric that has a direction has an interval.
        if len(labels) and task.metric_directions:
            whole = np.full(len(labels), "all")
            for each in subgroup_metrics(task, labels, facts.outputs[task.name], whole):
                found[task.name] = each
    return found


def _results(
    facts: FitFacts,
    intervals: Mapping[str, SubgroupMetric],
    train: Mapping[str, Mapping[str, float]],
    test: Mapping[str, Mapping[str, float]],
) -> list[Block]:
    blocks: list[Block] = []
    if intervals:
        blocks.append(
            Table(
                "Main metric on held-out rows, with its 95% interval",
                ("task", "kind", "rows", "metric", "value", "from", "to"),
                [
                    (
                        task.name,
                        task.kind,
                        each.rows,
                        metric_title(each.metric),
                        each.value,
                        *each.interval,
                    )
                    for task in facts.tasks
                    if (each := intervals.get(task.name)) is not None
                ],
            )
        )
    # Tasks of one kind share a table, since other kinds have other metrics.
    kinds = dict.fromkeys(task.kind for task in facts.tasks)
    for kind in kinds:
        names = [task.name for task in facts.tasks if task.kind == kind]
        columns = list(
            dict.fromkeys(key for name in names for key in test.get(name, {}))
        )
        for part, values in (("held-out", test), ("training", train)):
            if not any(values.get(name) for name in names):
                continue
            blocks.append(
                Table(
                    f"Metrics on {part} rows, tasks of kind {kind}",
                    ("task", *map(metric_title, columns)),
                    [
                        (name, *[values.get(name, {}).get(key) for key in columns])
                        for name in names
                    ],
                )
            )
    return blocks


def _figures(facts: FitFacts, figures: PageFigures) -> list[Section]:
    drawings = plots.run_figures(
        facts.tasks,
        facts.history,
        facts.labels,
        facts.outputs,
        facts.metrics.get("test", {}),
    )
    shared: list[Block] = []
    by_task: dict[str, list[Block]] = {task.name: [] for task in facts.tasks}
    single = len(facts.tasks) <= TASKS_WITH_PLOTS
    for name, drawing in drawings.items():
        owners = [task for task in by_task if single and name.startswith(f"{task}_")]
        # For tasks `a` and `a_b`, the figure `a_b_roc` belongs to the longer name.
        owner = max(owners, key=len) if owners else None
        shown = [*by_task] if owner is None else [owner]
        blocks = shared if owner is None else by_task[owner]
        blocks.append(figures.draw(drawing, _curves(drawing, facts, shown)))
    sections = [Section(name, blocks) for name, blocks in by_task.items() if blocks]
    found = []
    if sections:
        found.append(Section("Tasks", sections=sections))
    if shared:
        found.append(Section("All tasks", shared))
    return found


def _curves(
    drawing: Drawing, facts: FitFacts, tasks: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return the losses in a drawing of epochs; an empty dict for other drawings."""
    if "over the epochs" not in drawing.caption:
        return {}
    names = "|".join(map(re.escape, tasks))
    pattern = re.compile(f"(val_)?({names})_loss")
    return {key: v for key, v in facts.history.items() if pattern.fullmatch(key)}


def _network(facts: FitFacts) -> list[Section]:
    if not facts.layers:
        return []
    names = [task.name for task in facts.tasks]
    words = f"One member's network with {len(names)} outputs"
    figure = Figure(
        draw_network(facts.layers, names).replace("<svg ", "<svg data-wide ", 1),
        f"{words}: {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}.",
        f"{words}, from left to right. Equal parts that are computed together are one "
        "box with others behind it.",
        {
            "layers": [
                {
                    "layer": layer.text,
                    "detail": layer.detail,
                    "copies": layer.copies,
                    "parameters": layer.parameters,
                    "tasks": len(layer.tasks),
                }
                for layer in facts.layers
            ]
        },
    )
    return [Section("Network", [figure])]
