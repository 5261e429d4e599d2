"""Shares of the training labels of a task."""

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

        Each class keeps about this share of its labels. A larger share contains the
        labels of a smaller share. The kept labels depend only on the seed, the fold,
        the task and the training rows of the fold.

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
        # The rows of each stratum get evenly spaced positions from 0 to 1, in random
        # order.
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
    """Return the labels of all rows that the models of a fold see.

    Args:
        kept: The share of a task's training labels; None for all labels.
        data: The rows.
        fold: The fold.

    Returns:
        The encoded labels by task name; NaN where a label is not kept.
    """
    if kept is None:
        return data.labels
    labels = data.labels[kept.task].copy()
    labels[np.setdiff1d(fold.train, kept.rows(data, fold))] = np.nan
    return {**data.labels, kept.task: labels}


def training_strata(
    tasks: tuple[Task, ...], labels: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the strata for splits of rows with these labels, by task name.

    Args:
        tasks: The tasks. Auxiliary tasks are ignored.
        labels: See `training_labels`.
    """
    return {
        task.name: task.strata(labels[task.name])
        for task in tasks
        if not task.auxiliary
    }
