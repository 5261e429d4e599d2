"""From a comparison's fits to its result."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.comparison.candidates import (
    MULTI_TASK,
    SAME_SIZE,
    SINGLE_TASK,
    Candidate,
)
from keras_mtl.comparison.comparison import Comparison, label_count, numbered
from keras_mtl.comparison.experiment import Experiment, Unit
from keras_mtl.comparison.folds import Fold
from keras_mtl.comparison.store import FoldFit
from keras_mtl.evaluation import (
    Judgement,
    SubgroupMetric,
    judge_tasks,
    main_metric,
    metric_facts,
    subgroup_metrics,
)

__all__ = ["summarize"]

PLACE = ["model", "task", "repeat", "fold"]


def summarize(experiment: Experiment, groups: Mapping[str, np.ndarray]) -> Comparison:
    """Reads all fits, and judges them.

    Args:
        experiment: The experiment, with all fits made.
        groups: By column the group of each row, for results by group.
    """
    predictions: list[pd.DataFrame] = []
    metrics: list[tuple[Any, ...]] = []
    failures: list[str] = []
    models: dict[str, dict[str, Any]] = {}
    for unit, fold, fit in _fits(experiment):
        model = unit.candidate.name
        if fit.failure:
            failures.append(
                f"{model}, repeat {fold.repeat + 1}, fold {fold.number + 1}: "
                f"{fit.failure}"
            )
        facts = models.setdefault(model, {"seconds": 0.0, "parameters": {}})
        facts["seconds"] += fit.seconds
        if fit.parameters:
            names = ", ".join(task.name for task in unit.tasks)
            facts["parameters"][names] = fit.parameters
        for task in unit.tasks:
            place = (model, task.name, fold.repeat, fold.number)
            labels = experiment.data.labels[task.name][fold.test]
            outputs = fit.outputs.get(task.name)
            measured = {} if outputs is None else task.measure(labels, outputs)
            metrics += [
                (*place, name, measured.get(name, np.nan))
                for name in task.metric_directions
            ]
            if outputs is not None:
                columns = numbered("label", label_count(task))
                columns += numbered("output", task.units)
                values = np.column_stack([labels, outputs])
                table = pd.DataFrame(values, columns=columns)
                table.insert(0, "row", fold.test)
                for index, name in enumerate(PLACE):
                    table.insert(index, name, place[index])
                known = np.isfinite(labels.reshape(len(labels), -1)).any(axis=1)
                predictions.append(table[known])
    result = Comparison(
        experiment.data.tasks,
        tuple(candidate.name for candidate in experiment.candidates),
        pd.concat(predictions, ignore_index=True)
        if predictions
        else pd.DataFrame(columns=[*PLACE, "row", "label_0", "output_0"]),
        pd.DataFrame(metrics, columns=[*PLACE, "metric", "value"]),
        {},
        failures=tuple(failures),
        details={
            "rows": len(experiment.data.rows),
            "folds": experiment.folds_per_repeat,
            "repeats": len(experiment.folds) // experiment.folds_per_repeat,
            "members": experiment.settings.members,
            "seed": experiment.data.config.seed,
            "models": models,
        },
    )
    return replace(
        result,
        judgements={
            candidate.name: _judge(experiment, result, candidate)
            for candidate in experiment.candidates
            if candidate.name != MULTI_TASK
        },
        subgroups={
            column: _by_group(result, own, experiment.settings.level)
            for column, own in groups.items()
        },
    )


def _fits(experiment: Experiment) -> Iterator[tuple[Unit, Fold, FoldFit]]:
    for unit in experiment.units():
        for fold in unit.folds:
            fit = experiment.store.read(unit.candidate, unit.tasks, fold)
            if fit is None:
                raise RuntimeError(
                    f"A fit of {unit.candidate.name} was removed meanwhile."
                )
            yield unit, fold, fit


def _judge(
    experiment: Experiment, result: Comparison, reference: Candidate
) -> Judgement:
    data, settings = experiment.data, experiment.settings
    table = result.metrics
    compared = set(table.loc[table["model"] == reference.name, "task"])
    tasks = [task for task in data.tasks if task.name in compared]
    facts = {
        task.name: metric_facts(task, main_metric(task), data.labels[task.name])
        for task in tasks
    }

    def values(model: str, task: str) -> np.ndarray:
        own = table[(table["model"] == model) & (table["task"] == task)]
        own = own[own["metric"] == facts[task].metric]
        return own.sort_values(["repeat", "fold"])["value"].to_numpy("float64")

    def labelled(task: str) -> int:
        labels = data.labels[task].reshape(len(data.rows), -1)
        return int(np.isfinite(labels).any(axis=1).sum())

    limit = settings.equivalence
    alone = reference.name in (SINGLE_TASK, SAME_SIZE)
    return judge_tasks(
        facts,
        {name: values(MULTI_TASK, name) for name in facts},
        {name: values(reference.name, name) for name in facts},
        {name: labelled(name) for name in facts},
        test_share=1 / experiment.folds_per_repeat,
        equivalence=None if limit is None else dict.fromkeys(facts, limit),
        level=settings.level,
        subject="Sharing" if alone else "The multi-task network",
    )


def _by_group(
    result: Comparison, groups: np.ndarray, level: float
) -> tuple[SubgroupMetric, ...]:
    # The intervals expect each row once.
    held_out = [(task, result.held_out(MULTI_TASK, task)) for task in result.tasks]
    return tuple(
        itertools.chain.from_iterable(
            subgroup_metrics(
                task, found.labels, found.outputs, groups[found.rows], level=level
            )
            for task, found in held_out
            if len(found.rows)
        )
    )
