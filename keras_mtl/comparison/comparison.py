"""What a comparison found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.comparison.candidates import (
    MULTI_TASK,
    SAME_SIZE,
    SINGLE_TASK,
    Candidate,
)
from keras_mtl.comparison.experiment import Experiment
from keras_mtl.evaluation import (
    Judgement,
    SubgroupMetric,
    calibration_error,
    judge_tasks,
    main_metric,
    metric_facts,
    subgroup_metrics,
    top_class,
)
from keras_mtl.tasks import Task

__all__ = ["Comparison", "summarize"]


@dataclass(frozen=True)
class Comparison:
    """A comparison's result.

    Attributes:
        tasks: The tasks.
        candidates: The names of the models, the multi-task network first.
        predictions: One row per model, task, repeat and row held out: its
            label and outputs.
        metrics: One row per model, task, repeat, fold and metric.
        judgements: By the name of the reference, how the multi-task network
            differs from it.
        subgroups: By column, the multi-task network's metrics by group.
        failures: One sentence for each fit that failed.
        details: Folds, repeats, rows, parameters, epochs and seconds.
    """

    tasks: tuple[Task, ...]
    candidates: tuple[str, ...]
    predictions: pd.DataFrame
    metrics: pd.DataFrame
    judgements: Mapping[str, Judgement]
    subgroups: Mapping[str, tuple[SubgroupMetric, ...]] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdicts(self) -> list[str]:
        """A sentence per task: does sharing help it, beside a network alone?"""
        if SINGLE_TASK not in self.judgements:
            name = self.tasks[0].name
            return [f"There is one task, {name}: nothing is shared."]
        judged = self.judgements[SINGLE_TASK].tasks
        return [judgement.verdict.sentence for judgement in judged]

    def summary(self) -> pd.DataFrame:
        """Returns mean and standard deviation over the folds.

        The index has task, metric and model; fits that failed are left out and
        counted in `failed`.
        """
        groups = self.metrics.groupby(["task", "metric", "model"], sort=False)["value"]
        return pd.DataFrame(
            {
                "mean": groups.mean(),
                "std": groups.std(),
                "folds": groups.count(),
                "failed": groups.size() - groups.count(),
            }
        )

    def to_plain(self) -> dict[str, Any]:
        """Returns every number but the predictions, as plain values."""
        summary = self.summary().reset_index().to_dict("records")
        return _plain(
            {
                "verdicts": self.verdicts,
                "summary": summary,
                "judgements": {
                    name: asdict(judgement)
                    for name, judgement in self.judgements.items()
                },
                "subgroups": {
                    name: [asdict(each) for each in groups]
                    for name, groups in self.subgroups.items()
                },
                "calibration": self.calibration(),
                "failures": list(self.failures),
                "details": dict(self.details),
                "folds": self.metrics.to_dict("records"),
            }
        )

    def calibration(self) -> list[dict[str, Any]]:
        """Returns each model's calibration error on the rows held out.

        Of several classes it is that of the likeliest one. Each row counts once:
        the folds are those of the first repeat.
        """
        found = []
        for task in self.tasks:
            if not task.class_names:
                continue
            for model in self.candidates:
                labels, outputs = self.held_out(model, task)
                if len(labels):
                    if task.units > 1:
                        labels, outputs = top_class(labels, outputs)
                    error = calibration_error(labels, np.ravel(outputs))
                    found.append({"task": task.name, "model": model, **asdict(error)})
        return found

    def held_out(self, model: str, task: Task) -> tuple[np.ndarray, np.ndarray]:
        """Returns labels and outputs of the first repeat's rows that have a label."""
        rows = self.predictions[self.predictions["repeat"] == 0]
        rows = rows[(rows["model"] == model) & (rows["task"] == task.name)]
        if rows.empty:
            return np.zeros(0), np.zeros((0, task.units))
        labels = np.stack(rows["label"].to_list())
        outputs = np.stack(rows["outputs"].to_list())
        known = np.isfinite(labels.reshape(len(labels), -1)).all(axis=1)
        return labels[known], outputs[known]

    def _repr_html_(self) -> str:
        from html import escape

        sentences = "".join(f"<li>{escape(each)}</li>" for each in self.verdicts)
        table = self.summary()["mean"].unstack("model").round(4)
        return f"<ul>{sentences}</ul>{table.to_html(escape=True)}"


def summarize(experiment: Experiment, groups: Mapping[str, np.ndarray]) -> Comparison:
    """Reads all fits, and judges them.

    Args:
        experiment: The experiment, with all fits made.
        groups: By column the group of each row, for results by group.
    """
    data, settings = experiment.data, experiment.settings
    predictions, metrics, failures = [], [], []
    facts: dict[str, dict[str, Any]] = {}
    for unit in experiment.units():
        model = unit.candidate.name
        for fold in unit.folds:
            fit = experiment.store.read(unit.candidate, unit.tasks, fold)
            if fit is None:
                raise RuntimeError(f"A fit of {model} was removed meanwhile.")
            if fit.failure:
                failures.append(
                    f"{model}, repeat {fold.repeat + 1}, fold {fold.number + 1}: "
                    f"{fit.failure}"
                )
            own = facts.setdefault(model, {"seconds": 0.0, "parameters": {}})
            own["seconds"] += fit.seconds
            if fit.parameters:
                names = ", ".join(task.name for task in unit.tasks)
                own["parameters"][names] = fit.parameters
            for task in unit.tasks:
                place = (model, task.name, fold.repeat, fold.number)
                labels = data.labels[task.name][fold.test]
                outputs = fit.outputs.get(task.name)
                known = np.isfinite(labels.reshape(len(labels), -1)).any(axis=1)
                for name in task.metric_directions:
                    measured = {} if outputs is None else task.measure(labels, outputs)
                    value = measured.get(name, np.nan)
                    metrics.append((*place, name, value))
                if outputs is None:
                    continue
                predictions += [
                    (*place, int(row), label, output)
                    for row, label, output in zip(
                        fold.test[known], labels[known], outputs[known], strict=True
                    )
                ]
    columns = ["model", "task", "repeat", "fold"]
    result = Comparison(
        data.tasks,
        tuple(candidate.name for candidate in experiment.candidates),
        pd.DataFrame(predictions, columns=[*columns, "row", "label", "outputs"]),
        pd.DataFrame(metrics, columns=[*columns, "metric", "value"]),
        {},
        failures=tuple(failures),
        details={
            "rows": len(data.rows),
            "folds": sum(fold.repeat == 0 for fold in experiment.folds),
            "repeats": len({fold.repeat for fold in experiment.folds}),
            "members": settings.members,
            "seed": data.config.seed,
            "models": facts,
        },
    )
    judged = {
        candidate.name: _judge(experiment, result, candidate)
        for candidate in experiment.candidates
        if candidate.name != MULTI_TASK
    }
    return Comparison(
        **{
            **{name: getattr(result, name) for name in result.__dataclass_fields__},
            "judgements": judged,
            "subgroups": {
                column: _by_group(result, own) for column, own in groups.items()
            },
        }
    )


def _judge(
    experiment: Experiment, result: Comparison, reference: Candidate
) -> Judgement:
    data, settings = experiment.data, experiment.settings
    tasks = [
        task
        for task in data.tasks
        if (
            (result.metrics["model"] == reference.name)
            & (result.metrics["task"] == task.name)
        ).any()
    ]
    facts = {
        task.name: metric_facts(task, main_metric(task), data.labels[task.name])
        for task in tasks
    }

    def values(model: str, task: str) -> np.ndarray:
        rows = result.metrics
        own = (rows["model"] == model) & (rows["task"] == task)
        rows = rows[own & (rows["metric"] == facts[task].metric)]
        return rows.sort_values(["repeat", "fold"])["value"].to_numpy("float64")

    limit = settings.equivalence
    alone = reference.name in (SINGLE_TASK, SAME_SIZE)
    return judge_tasks(
        facts,
        {task.name: values(MULTI_TASK, task.name) for task in tasks},
        {task.name: values(reference.name, task.name) for task in tasks},
        {
            task.name: int(
                np.isfinite(data.labels[task.name].reshape(len(data.rows), -1))
                .any(axis=1)
                .sum()
            )
            for task in tasks
        },
        test_share=1 / sum(fold.repeat == 0 for fold in experiment.folds),
        equivalence=None if limit is None else dict.fromkeys(facts, limit),
        level=settings.level,
        subject="Sharing" if alone else "The multi-task network",
    )


def _by_group(result: Comparison, groups: np.ndarray) -> tuple[SubgroupMetric, ...]:
    found: list[SubgroupMetric] = []
    rows = result.predictions
    # One repeat has each row once, as the intervals expect.
    rows = rows[(rows["model"] == MULTI_TASK) & (rows["repeat"] == 0)]
    for task in result.tasks:
        own = rows[rows["task"] == task.name]
        if len(own):
            found += subgroup_metrics(
                task,
                np.stack(own["label"].to_list()),
                np.stack(own["outputs"].to_list()),
                groups[own["row"].to_numpy()],
                level=0.95,
            )
    return tuple(found)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
