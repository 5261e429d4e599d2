"""Report sections on the effects of features on predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_mtl.evaluation import FeatureImportance, PartialDependence, metric_title
from keras_mtl.report.document import Block, Paragraph, Section, Table
from keras_mtl.report.evaluation_plots import dependence_figure, importance_figure
from keras_mtl.report.page_figures import PageFigures
from keras_mtl.report.summary_plots import TASKS_WITH_PLOTS
from keras_mtl.tasks import Task

__all__ = ["dependence_section", "importance_section"]

# The number of features per task whose partial dependence is drawn.
STRONGEST = 2


def importance_section(
    tasks: Sequence[Task],
    importance: Sequence[FeatureImportance],
    figures: PageFigures,
) -> list[Section]:
    """Build the section on the importance of features.

    Args:
        tasks: The tasks.
        importance: The importance of each feature for each task.
        figures: The figures of the page.

    Returns:
        A list of one section, or an empty list without measurements.
    """
    by_task = _by_task(tasks, importance)
    if not by_task:
        return []
    drawn = [
        figures.draw(
            importance_figure(name, metric_title(found[0].metric), found),
            {each.feature: each.importance for each in found},
        )
        for name, found in [*by_task.items()][:TASKS_WITH_PLOTS]
    ]
    values = {(each.task, each.feature): each.importance for each in importance}
    # Sorted by the largest share of a task's greatest importance, since metrics have
    # different units.
    largest = {name: max(found[0].importance, 1e-12) for name, found in by_task.items()}
    features = list(dict.fromkeys(each.feature for each in importance))
    features.sort(
        key=lambda feature: (
            -max(values.get((name, feature), 0.0) / largest[name] for name in by_task)
        )
    )
    metrics = {name: metric_title(found[0].metric) for name, found in by_task.items()}
    table = Table(
        "Importance of each feature for each task",
        ("feature", *[f"{name} ({metric})" for name, metric in metrics.items()]),
        [
            (feature, *[_rounded(values.get((name, feature))) for name in by_task])
            for feature in features
        ],
    )
    words = Paragraph(
        "By how much a task's metric gets worse when a feature's values are shuffled "
        "over held-out rows, which breaks their relation to the labels. Of two "
        "features that say the same each seems unimportant, as the other one remains. "
        "The lines are the standard deviation over the shuffles, and over the folds "
        "where there are several."
    )
    return [Section("Importance of features", [words, *drawn, table])]


def dependence_section(
    tasks: Sequence[Task],
    importance: Sequence[FeatureImportance],
    dependence: Sequence[PartialDependence],
    figures: PageFigures,
) -> list[Section]:
    """Build the section on predictions over the values of the strongest features.

    Args:
        tasks: The tasks.
        importance: The importance of each feature for each task.
        dependence: Mean predictions over the values of features.
        figures: The figures of the page.

    Returns:
        A list of one section, or an empty list without measurements.
    """
    by_feature = {each.feature: each for each in dependence if len(each.values) > 1}
    blocks: list[Block] = []
    for name, found in [*_by_task(tasks, importance).items()][:TASKS_WITH_PLOTS]:
        task = next(task for task in tasks if task.name == name)
        strongest = [
            each.feature
            for each in found
            if each.importance > 0 and each.feature in by_feature
        ][:STRONGEST]
        for feature in strongest:
            own = by_feature[feature]
            if name in own.means:
                blocks.append(
                    figures.draw(
                        dependence_figure(name, output_names(task), own),
                        _values(own, name),
                    )
                )
    if not blocks:
        return []
    words = Paragraph(
        "The mean prediction for held-out rows if all of them had the same value of "
        f"the feature, for the {STRONGEST} most important features of each task. It "
        "shows what the network has learned, not what would happen if the value were "
        "changed; some of these rows may not exist."
    )
    return [Section("Predictions by feature", [words, *blocks])]


def output_names(task: Task) -> list[str]:
    """Return the names of a task's outputs, (units,).

    Example:

    >>> from keras_mtl.tasks import BinaryTask, MulticlassTask
    >>> output_names(BinaryTask("sick", classes=("no", "yes")))
    ['probability of yes']
    >>> output_names(MulticlassTask("stage", classes=("I", "II", "III")))
    ['I', 'II', 'III']
    """
    names = task.class_names or task.label_vocabulary or task.output_names
    if task.units == 1:
        return [f"probability of {names[-1]}" if names else task.name]
    if len(names) == task.units:
        return list(names)
    return [f"output {index}" for index in range(task.units)]


def _rounded(value: float | None) -> float | None:
    """Round to the digits that matter; the figures' values have all digits."""
    return None if value is None else round(value, 5)


def _by_task(
    tasks: Sequence[Task], importance: Sequence[FeatureImportance]
) -> dict[str, list[FeatureImportance]]:
    """Return the measured features of each task, the most important first."""
    found: dict[str, list[FeatureImportance]] = {task.name: [] for task in tasks}
    for each in importance:
        if np.isfinite(each.importance):
            found[each.task].append(each)
    return {
        name: sorted(own, key=lambda each: -each.importance)
        for name, own in found.items()
        if own
    }


def _values(found: PartialDependence, task: str) -> dict[str, Any]:
    return {
        "values": found.values,
        "means": found.means[task],
        "low": found.low[task],
        "high": found.high[task],
        "rows": found.rows,
    }
