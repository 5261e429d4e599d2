"""Intervals from the standard deviations that a model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_mtl.runs.calibration import Calibration
from keras_mtl.tasks import Task
from keras_mtl.training.settings import TrainingSettings

__all__ = ["own_intervals"]


def own_intervals(tasks: Sequence[Task], settings: TrainingSettings) -> Calibration:
    """Set the coverage of tasks whose outputs have standard deviations.

    The coverage is correct only if the model's standard deviations are: nothing is
    learned from rows. A joint coverage is divided among the tasks by Bonferroni's
    correction.

    Args:
        tasks: The tasks of the model.
        settings: The settings, with the coverage, if any.

    Example:

    >>> from keras_mtl.tasks import RegressionTask
    >>> settings = TrainingSettings(coverage=0.95)
    >>> task = RegressionTask("age", has_deviations=True)
    >>> round(own_intervals([task], settings).tasks[0].set_quantile, 2)
    1.96
    """
    coverage = settings.coverage
    if coverage is None:
        return Calibration(tuple(tasks))
    rules = {task.name: task.prediction_set_rule() for task in tasks}
    able = [
        name
        for name, rule in rules.items()
        if rule is not None and rule.own_quantile(coverage) is not None
    ]
    share, what = coverage, "the task, as the model believes"
    if settings.joint_coverage and able:
        share = 1.0 - (1.0 - coverage) / len(able)
        what = "all tasks of a row, as the model believes and by Bonferroni"
    learned: list[Task] = []
    facts: dict[str, dict[str, Any]] = {}
    for task in tasks:
        rule = rules[task.name]
        quantile = None if rule is None else rule.own_quantile(share)
        if quantile is None:
            learned.append(task)
            continue
        learned.append(task.replace(set_coverage=coverage, set_quantile=quantile))
        found = {"coverage": coverage, "of": what, "quantile": quantile, "labels": 0}
        facts[task.name] = {"set": found}
    return Calibration(tuple(learned), {}, facts)
