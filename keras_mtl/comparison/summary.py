"""Summary of the fits of a comparison as its result."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.comparison.candidates import (
    MULTI_TASK,
    SAME_SIZE,
    SINGLE_TASK,
    WITHOUT_AUXILIARY,
    Candidate,
)
from keras_mtl.comparison.comparison import Comparison, label_count, numbered
from keras_mtl.comparison.experiment import Experiment, Unit
from keras_mtl.comparison.fold_effects import join_effects
from keras_mtl.comparison.folds import Fold
from keras_mtl.comparison.label_efficiency import label_efficiency
from keras_mtl.comparison.sharing_reasons import (
    affinity_table,
    agreement_with_gains,
    cosine_table,
    group_by_affinity,
)
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
    """Read all fits, and summarize them as a `Comparison`.

    Args:
        experiment: The experiment, with all fits.
        groups: The group of each row by column, for results by group.
    """
    predictions: list[pd.DataFrame] = []
    metrics: list[tuple[Any, ...]] = []
    failures: list[str] = []
    models: dict[str, dict[str, Any]] = {}
    share_metrics: list[tuple[Any, ...]] = []
    shared: list[FoldFit] = []
    effects: list[Mapping[str, Any]] = []
    for unit, fold, fit in _fits(experiment):
        candidate, model = unit.candidate, unit.candidate.name
        if fit.failure:
            failures.append(
                f"{model}, repeat {fold.repeat + 1}, fold {fold.number + 1}: "
                f"{fit.failure}"
            )
        if candidate.shows_gradients:
            shared.append(fit)
        if candidate.kept is not None:
            share_metrics += _measure(experiment, unit, fold, fit)
            continue
        metrics += _measure(experiment, unit, fold, fit)
        if fit.effects:
            effects.append(fit.effects)
        facts = models.setdefault(model, {"seconds": 0.0, "parameters": {}})
        facts["seconds"] += fit.seconds
        if fit.parameters:
            names = ", ".join(task.name for task in unit.tasks)
            facts["parameters"][names] = fit.parameters
        for task in unit.tasks:
            if task.auxiliary:
                continue  # Trained with the others, but not compared.
            place = (model, task.name, fold.repeat, fold.number)
            labels = experiment.data.labels[task.name][fold.test]
            outputs = fit.outputs.get(task.name)
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
    compared = [each for each in experiment.candidates if each.is_compared]
    table = pd.DataFrame(metrics, columns=[*PLACE, "metric", "value"])
    joined = join_effects(effects)
    result = Comparison(
        experiment.data.main_tasks,
        tuple(candidate.name for candidate in compared),
        pd.concat(predictions, ignore_index=True)
        if predictions
        else pd.DataFrame(columns=[*PLACE, "row", "label_0", "output_0"]),
        table,
        {},
        importance=joined.importance,
        dependence=joined.dependence,
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
    tasks = experiment.data.tasks
    judgements = {
        candidate.name: _judge(experiment, result, candidate)
        for candidate in compared
        if candidate.name != MULTI_TASK
    }
    return replace(
        result,
        judgements=judgements,
        gradient_cosines=cosine_table(tasks, shared),
        affinity=affinity_table(tasks, shared),
        task_groups=group_by_affinity(tasks, shared),
        affinity_agreement=agreement_with_gains(
            tasks,
            shared,
            _gains(judgements.get(SINGLE_TASK)),
            experiment.settings.level,
        ),
        label_efficiency=label_efficiency(
            experiment, _values_by_split([*metrics, *share_metrics])
        ),
        subgroups={
            column: _by_group(result, own, experiment.settings.level)
            for column, own in groups.items()
        },
    )


def _measure(
    experiment: Experiment, unit: Unit, fold: Fold, fit: FoldFit
) -> list[tuple[Any, ...]]:
    """Return the metrics of a fit with their place; NaN for undefined metrics."""
    rows: list[tuple[Any, ...]] = []
    for task in unit.candidate.measured_tasks(unit.tasks):
        labels = experiment.data.labels[task.name][fold.test]
        outputs = fit.outputs.get(task.name)
        if task.name in fit.thresholds:
            task = task.replace(threshold=fit.thresholds[task.name])
        measured = {} if outputs is None else task.measure(labels, outputs)
        rows += [
            (
                *(unit.candidate.name, task.name, fold.repeat, fold.number),
                *(name, measured.get(name, np.nan)),
            )
            for name in task.metric_directions
        ]
    return rows


def _values_by_split(
    rows: Sequence[tuple[Any, ...]],
) -> dict[tuple[str, str, str], np.ndarray]:
    """Return the values in the order of the splits, by model, task and metric."""
    found: dict[tuple[str, str, str], dict[tuple[int, int], float]] = {}
    for model, task, repeat, fold, metric, value in rows:
        found.setdefault((model, task, metric), {})[repeat, fold] = value
    return {
        key: np.array([own[split] for split in sorted(own)], "float64")
        for key, own in found.items()
    }


def _gains(judgement: Judgement | None) -> dict[str, np.ndarray]:
    """Return the gains on the scale of the overall gain, by task."""
    if judgement is None or judgement.scale is None:
        return {}
    return {
        judged.task: judged.gain.values
        for judged in judgement.tasks
        if judged.gain.scale == judgement.scale
    }


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
    tasks = [task for task in data.main_tasks if task.name in compared]
    facts = {
        task.name: metric_facts(task, main_metric(task), data.labels[task.name])
        for task in tasks
    }

    def values(model: str, task: str) -> np.ndarray:
        own = table[(table["model"] == model) & (table["task"] == task)]
        own = own[own["metric"] == facts[task].metric]
        return own.sort_values(["repeat", "fold"])["value"].to_numpy("float64")

    def labeled(task: str) -> int:
        labels = data.labels[task].reshape(len(data.rows), -1)
        return int(np.isfinite(labels).any(axis=1).sum())

    limit = settings.equivalence
    subject = "The multi-task network"
    if reference.name in (SINGLE_TASK, SAME_SIZE):
        subject = "Sharing"
    elif reference.name == WITHOUT_AUXILIARY:
        subject = "Training with auxiliary tasks"
    return judge_tasks(
        facts,
        {name: values(MULTI_TASK, name) for name in facts},
        {name: values(reference.name, name) for name in facts},
        {name: labeled(name) for name in facts},
        test_share=1 / experiment.folds_per_repeat,
        equivalence=None if limit is None else dict.fromkeys(facts, limit),
        level=settings.level,
        subject=subject,
    )


def _by_group(
    result: Comparison, groups: np.ndarray, level: float
) -> tuple[SubgroupMetric, ...]:
    # The intervals need each row exactly once.
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
