"""Results of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from keras_mtl.analysis import AffinityAgreement
from keras_mtl.comparison.candidates import SINGLE_TASK, WITHOUT_AUXILIARY
from keras_mtl.comparison.sharing_reasons import TaskGroups
from keras_mtl.evaluation import (
    FeatureImportance,
    Judgement,
    PartialDependence,
    SubgroupMetric,
    calibration_error,
    top_class,
)
from keras_mtl.tasks import Task

__all__ = ["Comparison", "HeldOut", "label_count", "numbered"]


class HeldOut(NamedTuple):
    """Held-out rows, with a model's outputs.

    Attributes:
        rows: The positions of the rows in the data, (n,).
        labels: The labels of the rows, (n,) or (n, labels).
        outputs: The outputs of the model, (n, units).
    """

    rows: np.ndarray
    labels: np.ndarray
    outputs: np.ndarray


def label_count(task: Task) -> int:
    """Return the number of labels per row of a task."""
    return len(task.label_columns)


def numbered(name: str, count: int) -> list[str]:
    """Return the names of columns: `name_0`, `name_1` and so on."""
    return [f"{name}_{index}" for index in range(count)]


@dataclass(frozen=True, repr=False)
class Comparison:
    """Result of a comparison.

    Attributes:
        tasks: The tasks, without auxiliary tasks.
        candidates: The names of the models, the multi-task network first.
        predictions: A DataFrame with one row per model, task, repeat and held-out row
            that has a label. The columns `label_0`, ... and `output_0`, ... are NaN
            beyond the number of labels and outputs of the task.
        metrics: A DataFrame with one row per model, task, repeat, fold and metric.
        judgements: The comparison of the multi-task network with each reference, by
            name of the reference.
        subgroups: The metrics of the multi-task network per group, by column.
        importance: The importance of each feature for each task, for the multi-task
            network on held-out rows.
        dependence: The partial dependence of the multi-task network on each feature.
        failures: One sentence per failed fit.
        details: Folds, repeats, rows, parameters, epochs and seconds.
        gradient_cosines: The cosines between the tasks' gradients while the multi-task
            network trains. See `cosine_table`.
        affinity: The effects of a step on one task on the losses of the others. See
            `affinity_table`.
        task_groups: The groups that should share a trunk according to these affinities;
            None for fewer than four tasks.
        affinity_agreement: The agreement of the affinities with the measured gains of
            sharing; None for fewer than three tasks.
        label_efficiency: The metrics by share of a task's labels. See
            `label_efficiency`.
    """

    tasks: tuple[Task, ...]
    candidates: tuple[str, ...]
    predictions: pd.DataFrame
    metrics: pd.DataFrame
    judgements: Mapping[str, Judgement]
    subgroups: Mapping[str, tuple[SubgroupMetric, ...]] = field(default_factory=dict)
    importance: tuple[FeatureImportance, ...] = ()
    dependence: tuple[PartialDependence, ...] = ()
    failures: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    gradient_cosines: pd.DataFrame = field(default_factory=pd.DataFrame)
    affinity: pd.DataFrame = field(default_factory=pd.DataFrame)
    task_groups: TaskGroups | None = None
    affinity_agreement: AffinityAgreement | None = None
    label_efficiency: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def verdicts(self) -> list[str]:
        """Sentences that say whether sharing helps, one per task.

        The reference is a single-task network. With auxiliary tasks, a second sentence
        says whether they help the task.
        """
        references = [
            name for name in (SINGLE_TASK, WITHOUT_AUXILIARY) if name in self.judgements
        ]
        if not references:
            name = self.tasks[0].name
            return [f"There is one task, {name}: nothing is shared."]
        return [
            judged.verdict.sentence
            for name in references
            for judged in self.judgements[name].tasks
        ]

    def summary(self) -> pd.DataFrame:
        """Return the mean and standard deviation of each metric over the folds.

        The index has the levels task, metric and model. Failed fits are left out and
        counted in the column `failed`.
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
        """Return all results except the predictions as plain values."""
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
                "gradient_cosines": self.gradient_cosines.to_dict("records"),
                "affinity": self.affinity.to_dict("records"),
                "task_groups": self.task_groups and asdict(self.task_groups),
                "affinity_agreement": self.affinity_agreement
                and asdict(self.affinity_agreement),
                "label_efficiency": self.label_efficiency.to_dict("records"),
                "importance": [asdict(each) for each in self.importance],
                "dependence": [asdict(each) for each in self.dependence],
                "failures": list(self.failures),
                "details": dict(self.details),
                "folds": self.metrics.to_dict("records"),
            }
        )

    def calibration(self) -> list[dict[str, Any]]:
        """Return the calibration error of each model on held-out rows.

        For multi-class tasks, the error is computed for the most probable class. Only
        the folds of the first repeat are used, so each row counts once.
        """
        found = []
        for task in self.tasks:
            if not task.class_names:
                continue
            for model in self.candidates:
                _, labels, outputs = self.held_out(model, task)
                if len(labels):
                    if task.units > 1:
                        labels, outputs = top_class(labels, outputs)
                    error = calibration_error(labels, np.ravel(outputs))
                    found.append({"task": task.name, "model": model, **asdict(error)})
        return found

    def held_out(self, model: str, task: Task) -> HeldOut:
        """Return the labels and outputs of the first repeat, with each row once.

        Rows that lack a label of the task are left out.

        Args:
            model: The name of the model.
            task: The task.
        """
        rows = self.predictions
        rows = rows[
            (rows["model"] == model)
            & (rows["task"] == task.name)
            & (rows["repeat"] == 0)
        ]
        labels = rows[numbered("label", label_count(task))].to_numpy()
        outputs = rows[numbered("output", task.units)].to_numpy()
        known = np.isfinite(labels).all(axis=1)
        labels = labels[:, 0] if labels.shape[1] == 1 else labels
        return HeldOut(rows["row"].to_numpy()[known], labels[known], outputs[known])

    def __repr__(self) -> str:
        table = self.summary()["mean"].unstack("model").round(4).dropna(how="all")
        return "\n".join([*self.verdicts, table.to_string()])

    def _repr_html_(self) -> str:
        from html import escape

        sentences = "".join(f"<li>{escape(each)}</li>" for each in self.verdicts)
        table = self.summary()["mean"].unstack("model").round(4)
        return f"<ul>{sentences}</ul>{table.to_html(escape=True)}"


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
