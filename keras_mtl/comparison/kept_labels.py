"""Folds in which a task keeps a share of its training labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keras_mtl.comparison.folds import Fold
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.splits import label_strata
from keras_mtl.tasks import Task

__all__ = ["KeptLabels", "training_labels", "training_strata"]


@dataclass(frozen=True)
class KeptLabels:
    """The share of a task's training labels that a model sees.

    Attributes:
        task: The task's name. The other tasks keep all their labels.
        share: The share, above 0 and at most 1.
    """

    task: str
    share: float

    def rows(self, data: PreparedData, fold: Fold) -> np.ndarray:
        """Return the training rows that keep their label, sorted.

        Each class keeps about its share, and a smaller share is a part of a
        larger one. Which labels are kept depends on the seed, the fold and the
        task, and on nothing but the fold's training rows.

        Args:
            data: The rows.
            fold: The fold.
        """
        labels = data.labels[self.task]
        flat = labels.reshape(len(labels), -1)
        labeled = fold.train[np.isfinite(flat[fold.train]).any(axis=1)]
        (task,) = (task for task in data.tasks if task.name == self.task)
        strata = label_strata({self.task: task.strata(labels)[labeled]})
        number = [each.name for each in data.tasks].index(self.task)
        generator = np.random.default_rng(
            (data.config.seed, fold.repeat, fold.number, number)
        )
        # Each stratum's rows lie evenly between 0 and 1, in a random order.
        position = np.empty(len(labeled))
        for stratum in np.unique(strata):
            own = np.flatnonzero(strata == stratum)
            shuffled = generator.permutation(len(own))
            position[own] = (shuffled + generator.uniform()) / len(own)
        count = round(self.share * len(labeled))
        return np.sort(labeled[np.argsort(position, kind="stable")[:count]])


def training_labels(
    kept: KeptLabels | None, data: PreparedData, fold: Fold
) -> dict[str, np.ndarray]:
    """Return the labels of all rows, as the models of a fold see them.

    Args:
        kept: What a task keeps of its training labels; None for all.
        data: The rows.
        fold: The fold.

    Returns:
        By task name the encoded labels; NaN where a label is not kept.
    """
    if kept is None:
        return data.labels
    labels = data.labels[kept.task].copy()
    labels[np.setdiff1d(fold.train, kept.rows(data, fold))] = np.nan
    return {**data.labels, kept.task: labels}


def training_strata(
    tasks: tuple[Task, ...], labels: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return by task name what splits of rows with these labels are stratified by.

    Args:
        tasks: The tasks. Auxiliary ones do not count.
        labels: See `training_labels`.
    """
    return {
        task.name: task.strata(labels[task.name])
        for task in tasks
        if not task.auxiliary
    }
