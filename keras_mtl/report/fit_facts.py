"""Facts that the report of a fit is made from.

Nothing heavy is imported: the process that trains gathers the facts, and another
one makes the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.analysis.sharing_readout import SharingReadout
from keras_mtl.architectures.solved import Solution
from keras_mtl.evaluation import FeatureImportance, PartialDependence
from keras_mtl.report.network_drawing import NetworkLayer
from keras_mtl.tasks import Task

__all__ = ["MOST_COLUMNS", "FitFacts", "RowSample"]

# A test of this many columns takes about a second.
MOST_COLUMNS = 300


@dataclass(frozen=True)
class RowSample:
    """Rows of both sides of a split, all of them or some drawn at random.

    Attributes:
        train: The features' columns of rows that train.
        test: The features' columns of rows that are held out.
        labels: By task the encoded labels of the rows of `train`.
        whole: Whether these are all rows.
        test_rows: The positions of the rows of `test` among the run's rows.
        missing_codes: Columns with a number that may mean missing, such as -9,
            the number, and how many rows have it.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    labels: Mapping[str, np.ndarray]
    whole: bool = True
    test_rows: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    missing_codes: Sequence[tuple[str, float, int]] = ()


@dataclass(frozen=True)
class FitFacts:
    """All that the report of a fit shows. Plain values, that can be pickled.

    Attributes:
        name: The model's name.
        tasks: The tasks.
        history: By column name the values of the epochs, of shape (epochs,) or
            (epochs, members), NaN where a member had stopped.
        labels: By task name the held-out rows' encoded labels.
        outputs: By task name the model's outputs on these rows.
        metrics: The content of `metrics.json`.
        config: The configuration as the text of a TOML file.
        epochs: The number of epochs that training may take.
        layers: The network's parts.
        rows: Rows of both sides of the split; None to look at none.
        importance: The importance of features for tasks, on held-out rows.
        dependence: Mean predictions over the values of features.
        origin: The data's file and digest, the seed and the like.
        versions: The versions of the packages.
        sharing: What the tasks share; None to show nothing of it.
        solution: What a solved architecture found; None for a trained one.
    """

    name: str
    tasks: tuple[Task, ...]
    history: Mapping[str, np.ndarray]
    labels: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    metrics: Mapping[str, Any]
    config: str
    epochs: int | None = None
    layers: tuple[NetworkLayer, ...] = ()
    rows: RowSample | None = None
    importance: tuple[FeatureImportance, ...] = ()
    dependence: tuple[PartialDependence, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    sharing: SharingReadout | None = None
    solution: Solution | None = None
