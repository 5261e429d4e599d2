"""The content of the report of a fit.

This module has no slow imports: the process that trains collects the facts, and another
process renders the report.
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

# Statistical tests of this many columns take about a second.
MOST_COLUMNS = 300


@dataclass(frozen=True)
class RowSample:
    """Training and held-out rows: all of them or a random sample.

    Attributes:
        train: The feature columns of training rows.
        test: The feature columns of held-out rows.
        labels: The encoded labels of the rows of `train` by task.
        whole: Whether these are all rows.
        test_rows: The positions of the rows of `test` among all rows of the run.
        missing_codes: Columns with a number that may mean a missing value, such as -9,
            each with the number and the count of its rows.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    labels: Mapping[str, np.ndarray]
    whole: bool = True
    test_rows: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    missing_codes: Sequence[tuple[str, float, int]] = ()


@dataclass(frozen=True)
class FitFacts:
    """Content of the report of a fit: plain values that can be pickled.

    Attributes:
        name: The model's name.
        tasks: The tasks.
        history: Values by column name, of shape (epochs,) or (epochs, members), NaN
            after a member has stopped.
        labels: The encoded labels of the held-out rows by task name.
        outputs: The outputs of the model for these rows by task name.
        metrics: The content of `metrics.json`.
        config: The configuration as the text of a TOML file.
        epochs: The largest number of epochs of the training.
        layers: The parts of the network.
        rows: Training and held-out rows; None for no checks of rows.
        importance: The importance of features for tasks, on held-out rows.
        dependence: Mean predictions over the values of features.
        origin: The file and digest of the data, the seed and the like.
        versions: The versions of the packages.
        sharing: What the tasks share; None to leave this out.
        solution: The result of an architecture in closed form; None for a trained one.
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
