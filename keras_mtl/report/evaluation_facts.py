"""Facts that the report of an evaluation is made from.

Plain values: the report knows no fits, folds or networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.evaluation import (
    FeatureImportance,
    Judgement,
    PartialDependence,
    SubgroupMetric,
)
from keras_mtl.tasks import Task

__all__ = ["EvaluationFacts", "SharingFacts"]


@dataclass(frozen=True)
class SharingFacts:
    """Why sharing helps or hurts. What was not measured is None.

    Attributes:
        gradient_cosines: One row per epoch and pair of tasks, with the columns
            `epoch`, `task`, `other`, `cosine` and `std`.
        affinity: Index and columns are tasks: row i, column j is the gain of
            task j after a step on task i alone.
        task_groups: Which tasks should share a trunk, as plain values.
        label_efficiency: One row per task, share of its labels, model and
            metric, with `mean` and `std`.
        sentences: The same in a few sentences.
    """

    gradient_cosines: pd.DataFrame | None = None
    affinity: pd.DataFrame | None = None
    task_groups: Mapping[str, Any] | None = None
    label_efficiency: pd.DataFrame | None = None
    sentences: Sequence[str] = ()


@dataclass(frozen=True)
class EvaluationFacts:
    """All that the report of an evaluation shows.

    Attributes:
        name: The model's name.
        tasks: The tasks.
        models: The names of the models by what tables call them; the
            multi-task network is the first.
        metrics: One row per model, task, repeat, fold and metric, with `value`.
        labels: By task the labels of rows held out, each row once.
        outputs: By task the multi-task network's outputs for these rows.
        verdicts: The verdicts in sentences.
        judgements: By the name of a model, how the multi-task network differs
            from it.
        alone: The name of the model whose judgement says whether sharing
            helps; None where there is one task.
        calibration: The calibration error of each model and task of classes.
        subgroups: By column the multi-task network's metrics by group.
        importance: The importance of features for tasks.
        dependence: Mean predictions over the values of features.
        sharing: Why sharing helps or hurts.
        rows: The features' columns of all rows, or of some drawn at random.
        row_labels: By task the encoded labels of `rows`.
        copies: Of each repeat's rows held out, how many have the same features
            as a training row.
        failures: A sentence for each fit that failed.
        details: Folds, repeats, rows, members, and each model's parameters and
            seconds.
        origin: The data's file and digest, the seed and the like.
        versions: The versions of the packages.
        config: The configuration as the text of a TOML file.
        values: Every number, for `report.json`.
    """

    name: str
    tasks: tuple[Task, ...]
    models: Mapping[str, str]
    metrics: pd.DataFrame
    labels: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    verdicts: Sequence[str]
    judgements: Mapping[str, Judgement]
    alone: str | None = None
    calibration: Sequence[Mapping[str, Any]] = ()
    subgroups: Mapping[str, Sequence[SubgroupMetric]] = field(default_factory=dict)
    importance: Sequence[FeatureImportance] = ()
    dependence: Sequence[PartialDependence] = ()
    sharing: SharingFacts = SharingFacts()
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    row_labels: Mapping[str, np.ndarray] = field(default_factory=dict)
    copies: int = 0
    failures: Sequence[str] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    config: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The name of the multi-task network."""
        return next(iter(self.models))
