"""The content of the report of an evaluation.

The facts are plain values: the report does not depend on fits, folds or networks.
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
    """Reasons why sharing helps or hurts; values that were not measured are None.

    Attributes:
        gradient_cosines: One row per epoch and pair of tasks, with the columns
            `epoch`, `task`, `other`, `cosine` and `std`.
        affinity: A table with one row and one column per task: row i, column j is the
            gain of task j after a step on task i only.
        task_groups: The groups of tasks that should share a trunk, as plain values.
        label_efficiency: One row per task, share of its labels, model and
            metric, with `mean` and `std`.
        sentences: A summary in a few sentences.
    """

    gradient_cosines: pd.DataFrame | None = None
    affinity: pd.DataFrame | None = None
    task_groups: Mapping[str, Any] | None = None
    label_efficiency: pd.DataFrame | None = None
    sentences: Sequence[str] = ()


@dataclass(frozen=True)
class EvaluationFacts:
    """Content of the report of an evaluation.

    Attributes:
        name: The model's name.
        tasks: The tasks.
        models: The names of the models in tables. The multi-task network is the first.
        metrics: One row per model, task, repeat, fold and metric, with `value`.
        labels: The labels of held-out rows by task, each row once.
        outputs: The outputs of the multi-task network for these rows by task.
        verdicts: The verdicts, one sentence each.
        judgements: The comparison of the multi-task network with each other model, by
            name.
        alone: The name of the reference for whether sharing helps; None if there is one
            task.
        calibration: The calibration error of each model and classification task.
        subgroups: The metrics of the multi-task network per group, by column.
        importance: The importance of features for tasks.
        dependence: Mean predictions over the values of features.
        sharing: The reasons why sharing helps or hurts.
        rows: The feature columns of all rows, or of a random sample.
        row_labels: The encoded labels of `rows` by task.
        copies: The number of held-out rows of each repeat that have the same features
            as a training row.
        failures: One sentence per failed fit.
        details: Folds, repeats, rows, members, and each model's parameters and
            seconds.
        origin: The file and digest of the data, the seed and the like.
        versions: The versions of the packages.
        config: The configuration as the text of a TOML file.
        values: All numbers, for `report.json`.
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
