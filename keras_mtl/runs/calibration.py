"""Temperatures, thresholds and prediction sets, learned from validation rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from keras_mtl.evaluation import (
    Threshold,
    choose_threshold,
    fit_temperature,
)
from keras_mtl.layers.temperature_scaling import HIGHEST, LOWEST
from keras_mtl.runs.set_quantiles import find_quantiles
from keras_mtl.tasks import Task
from keras_mtl.tasks.threshold_aims import aim_of
from keras_mtl.training.settings import TrainingSettings

__all__ = [
    "Calibration",
    "learn_calibration",
    "wants_calibration",
]


@dataclass(frozen=True)
class Calibration:
    """Results that a run learns after training.

    Attributes:
        tasks: The tasks, with the chosen thresholds.
        temperatures: The temperatures of probabilities by task name.
        facts: The results and the number of rows that they were learned from, by task
            name, as plain values.
    """

    tasks: tuple[Task, ...]
    temperatures: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, dict[str, Any]] = field(default_factory=dict)


def wants_calibration(settings: TrainingSettings, tasks: Sequence[Task]) -> bool:
    """Return whether a run has to learn something after training."""
    return (
        settings.calibration == "temperature"
        or settings.coverage is not None
        or any(aim_of(task) is not None for task in tasks)
    )


def learn_calibration(
    tasks: Sequence[Task],
    settings: TrainingSettings,
    labels: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
) -> Calibration:
    """Learn the results of a calibration from rows that were not trained on.

    Args:
        tasks: The tasks of the model.
        settings: The settings, which determine what is learned.
        labels: The encoded labels of the rows by task name.
        outputs: The outputs for the same rows by task name, from models that were not
            trained on them.

    Example:

    >>> import numpy as np
    >>> from keras_mtl.tasks import BinaryTask
    >>> settings = TrainingSettings(calibration="temperature")
    >>> labels = {"heart": np.array([0, 0, 0, 1, 1, 1, 1, 0.0])}
    >>> outputs = {"heart": np.repeat([[0.002], [0.998]], 4, axis=0)}
    >>> found = learn_calibration([BinaryTask("heart")], settings, labels, outputs)
    >>> round(found.temperatures["heart"], 1)
    5.7
    """
    learned: list[Task] = []
    scores: dict[str, np.ndarray] = {}
    temperatures: dict[str, float] = {}
    facts: dict[str, dict[str, Any]] = {}
    for task in tasks:
        known, values = labels[task.name], outputs[task.name]
        found: dict[str, Any] = {}
        if settings.calibration == "temperature" and task.probabilities is not None:
            temperature = fit_temperature(known, _logits(task, values))
            temperatures[task.name] = found["temperature"] = temperature
            found["labels"] = int(np.isfinite(known).sum())
            # The thresholds and sets use the calibrated probabilities.
            values = np.asarray(task.temperature_layer(temperature)(values))
        aim = aim_of(task)
        # A fit requires both classes, but a fold of an evaluation may lack one.
        if aim is not None and {0.0, 1.0} <= {*np.unique(known)}:
            threshold = choose_threshold(known, values, aim)
            found["threshold"] = _plain(threshold)
            task = task.replace(threshold=threshold.value)
        rule = task.prediction_set_rule()
        if settings.coverage is not None and rule is not None:
            scores[task.name] = rule.scores(known, values)
        learned.append(task)
        facts[task.name] = found
    if settings.coverage is not None and scores:
        quantiles, method = find_quantiles(
            scores, settings.coverage, settings.joint_coverage
        )
        for index, task in enumerate(learned):
            if (quantile := quantiles.get(task.name, np.inf)) < np.inf:
                learned[index] = task.replace(
                    set_coverage=settings.coverage, set_quantile=quantile
                )
                facts[task.name]["set"] = {
                    "coverage": settings.coverage,
                    "of": method,
                    "quantile": quantile,
                    "labels": int(np.isfinite(scores[task.name]).sum()),
                }
    facts = {name: found for name, found in facts.items() if found}
    return Calibration(tuple(learned), temperatures, facts)


def _plain(threshold: Threshold) -> dict[str, Any]:
    """Return a threshold and its results as plain values."""
    return {
        **asdict(threshold),
        "aim": str(threshold.aim),
        "sensitivity_interval": list(threshold.sensitivity_interval),
        "specificity_interval": list(threshold.specificity_interval),
    }


def _logits(task: Task, outputs: np.ndarray) -> np.ndarray:
    """Return the logits of probabilities, as `TemperatureScaling` expects them."""
    values = np.clip(outputs, LOWEST, HIGHEST).astype("float64")
    logs: np.ndarray = np.log(values)
    return logs if task.probabilities == "exclusive" else logs - np.log1p(-values)
