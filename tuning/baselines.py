"""Single-task networks with which a trial's tasks are compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keras_mtl._core.named_settings import NamedSettings
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.errors import UserError
from keras_mtl.evaluation.skill import task_gain
from keras_mtl.evaluation.task_metrics import MetricFacts, main_metric, metric_facts
from tuning.objective import GAIN
from tuning.trial_data import TrialData
from tuning.trial_program import measure_trials

__all__ = ["Baselines", "measure_baselines"]


@dataclass(frozen=True)
class Baselines:
    """The results of single-task networks on the folds of a search.

    Attributes:
        facts: The compared metric and its meaning in each fold, by task name.
        values: The metric in each fold, by task name.
    """

    facts: Mapping[str, list[MetricFacts]]
    values: Mapping[str, list[float]]

    def with_gain(self, fold: int, metrics: Mapping[str, float]) -> dict[str, float]:
        """Add `val_gain` to the metrics of a trial in a fold.

        The gain is the mean over the tasks of the difference in skill. Skill is the
        share of the distance from chance to perfect predictions.
        """
        gains = []
        for name, facts in self.facts.items():
            value = metrics.get(f"val_{name}_{facts[fold].metric}", math.nan)
            gain = task_gain([value], [self.values[name][fold]], facts[fold])
            gains.append(float(gain.values[0]))
        known = [gain for gain in gains if math.isfinite(gain)]
        if not known:
            return dict(metrics)
        return {**metrics, GAIN: float(np.mean(known))}


def measure_baselines(config: FitConfig, data: TrialData) -> Baselines:
    """Train one network per task on the folds of a search.

    Each network has one task, and the widths of the settings before the search.

    Args:
        config: The settings before the search.
        data: The rows.

    Raises:
        UserError: If a network cannot be trained.
    """
    facts: dict[str, list[MetricFacts]] = {}
    values: dict[str, list[float]] = {}
    labels = data.rows.labels
    for task in config.tasks:
        if task.auxiliary:
            continue
        alone = config.replace(
            tasks=(task.replace(loss_weight=1.0),),
            model=config.model.replace(architecture=NamedSettings("hard-sharing")),
            training=config.training.replace(weighting=NamedSettings("sum")),
        )
        (found,) = measure_trials([alone], data.with_tasks((task,)), (task,))
        if found.message:
            raise UserError(
                f"search.objective: {GAIN} needs a network for task {task.name!r} "
                f"alone, which failed: {found.message}."
            )
        metric = main_metric(task)
        facts[task.name] = [
            metric_facts(
                task,
                metric,
                labels[task.name][fold.train],
                labels[task.name][fold.test],
            )
            for fold in data.folds
        ]
        name = f"val_{task.name}_{metric}"
        values[task.name] = [fold.get(name, math.nan) for fold in found.folds]
    return Baselines(facts, values)
