"""The rows of a search: the training rows, divided into folds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from keras_mtl.comparison.encoding import FoldEncoder
from keras_mtl.comparison.folds import Fold, make_folds
from keras_mtl.comparison.settings import ComparisonSettings
from keras_mtl.configuration.fit_config import InputSettings
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.split import RowSplit
from keras_mtl.tasks import Task
from tuning.encodings import encode_otherwise

__all__ = ["TrialData", "make_trial_data"]


@dataclass(frozen=True)
class TrialData:
    """The rows on which a trial is trained and measured.

    Attributes:
        rows: The training rows of the run, without its test rows.
        folds: All folds of all repeats. A trial is trained on the `train` rows of each
            fold, and measured on its `test` rows.
        encode: A function that encodes the rows with features adapted to a fold's
            `train` rows.
    """

    rows: PreparedData
    folds: tuple[Fold, ...]
    encode: FoldEncoder

    @property
    def joined(self) -> bool:
        """Whether all folds can share one network.

        A feature with a trained embedding, and a kind of task whose layers depend on
        its training labels, need a separate network per fold.
        """
        features = self.rows.features
        if any(feature.trained_embedding is not None for feature in features):
            return False
        first = self.folds[0]
        labels = self.rows.labels
        return all(
            task.in_common_unit(labels[task.name][fold.train])[0]
            == task.in_common_unit(labels[task.name][first.train])[0]
            for task in self.rows.tasks
            for fold in self.folds
        )

    def with_folds(self, folds: tuple[Fold, ...]) -> TrialData:
        """Return the same rows with other folds."""
        return replace(self, folds=folds)

    def with_inputs(self, inputs: InputSettings) -> TrialData:
        """Return the same rows, encoded with other settings."""
        config = self.rows.config
        if inputs == config.inputs:
            return self
        features = encode_otherwise(config.features, config.inputs, inputs)
        config = config.replace(inputs=inputs, features=features)
        return replace(self, rows=replace(self.rows, config=config))

    def with_tasks(self, tasks: tuple[Task, ...]) -> TrialData:
        """Return the same rows with the labels of some tasks only."""
        rows = replace(
            self.rows,
            config=self.rows.config.replace(tasks=tasks),
            labels={task.name: self.rows.labels[task.name] for task in tasks},
        )
        return replace(self, rows=rows)


def make_trial_data(data: PreparedData, folds: int, repeats: int = 1) -> TrialData:
    """Divide the training rows of a run into folds.

    The folds are stratified, keep groups together and depend on the seed of the run.
    The test rows are left out first.

    Args:
        data: The result of `prepare_data`.
        folds: The number of folds.
        repeats: The number of times that the rows are divided into folds.

    Raises:
        UserError: If there are too few rows, groups or rows of a class.
    """
    rows = data.train_rows
    split = RowSplit(
        data.frame.iloc[rows].reset_index(drop=True),
        data.groups[rows],
        np.arange(len(rows)),
        np.empty(0, "int64"),
        np.empty(0, "int64"),
    )
    weight = data.sample_weight
    alone = replace(
        data,
        split=split,
        labels={name: values[rows] for name, values in data.labels.items()},
        sample_weight=None if weight is None else weight[rows],
    )
    settings = ComparisonSettings(folds=folds, repeats=repeats)
    return TrialData(alone, tuple(make_folds(alone, settings)), FoldEncoder(alone))
