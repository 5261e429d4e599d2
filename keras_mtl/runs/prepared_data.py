"""Rows that a run can be trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.source_run import SourceRun
from keras_mtl.features import Feature
from keras_mtl.runs.missing_codes import MissingCode
from keras_mtl.runs.split import MemberRows, RowSplit
from keras_mtl.tables.column_store import ColumnStore, Rows
from keras_mtl.tables.disk_array import disk_array
from keras_mtl.tasks import Task

__all__ = ["PreparedData", "main_strata"]


@dataclass(frozen=True)
class PreparedData:
    """Rows that a run can be trained on.

    Attributes:
        config: The settings with resolved tasks and declared features, which repeat the
            run.
        labels: The labels by task name, from `Task.encode_labels`.
        split: The split into training rows and test rows.
        members: The training and validation rows of each member.
        source: The name of the data in messages.
        sample_weight: The weights of the rows in training, float32 of shape (N,); None
            if all weights are equal.
        source_run: The run whose trunk is used; None for a fit from the beginning.
        source_data: The rows of that run, for a head whose prior is learned from them.
        missing_codes: Numbers that may mean a missing value.
        chosen: A sentence on the settings that the preset chose for a table of this
            size; empty without a choice.
        in_memory: Whether the rows are a DataFrame, which a worker or a later command
            cannot read again.
    """

    config: FitConfig
    labels: dict[str, np.ndarray]
    split: RowSplit
    members: MemberRows
    source: str
    sample_weight: np.ndarray | None = None
    source_run: SourceRun | None = None
    source_data: PreparedData | None = None
    missing_codes: tuple[MissingCode, ...] = ()
    chosen: str = ""
    in_memory: bool = False

    @property
    def rows(self) -> Rows:
        """All rows, test rows included."""
        return self.split.frame

    @property
    def frame(self) -> pd.DataFrame:
        """All rows, as a new DataFrame."""
        rows = self.rows
        return rows.frame() if isinstance(rows, ColumnStore) else rows

    @property
    def on_disk(self) -> bool:
        """Whether the rows may be larger than memory."""
        rows = self.rows
        return isinstance(rows, ColumnStore) and rows.allocate is disk_array

    def release_rows(self) -> list[Rows]:
        """Release the columns of the rows; labels, groups and the split stay.

        Returns:
            The features of these rows, in parts that need little memory.
        """
        if not isinstance(self.rows, ColumnStore):
            return [self.rows]
        return [
            *self.rows.cut(
                {each.column_name: each.dtype == "float32" for each in self.features}
            )
        ]

    @property
    def groups(self) -> np.ndarray:
        """The group numbers of the training rows; a split keeps a group on one side."""
        return self.split.groups

    @property
    def train_rows(self) -> np.ndarray:
        """The positions of training rows in `frame`."""
        return self.split.train_rows

    @property
    def test_rows(self) -> np.ndarray:
        """The positions of test rows in `frame`."""
        return self.split.test_rows

    @property
    def test_numbers(self) -> np.ndarray:
        """The numbers of the test rows in their file, from 0."""
        return self.split.test_numbers

    @property
    def strata(self) -> dict[str, np.ndarray]:
        """The labels by which splits of the rows are stratified, by task name.

        Auxiliary tasks are not included, so a run holds the same rows out with and
        without them.
        """
        return main_strata(self.tasks, self.labels)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The resolved tasks."""
        return self.config.tasks

    @property
    def main_tasks(self) -> tuple[Task, ...]:
        """The tasks that are predicted and evaluated, without auxiliary tasks."""
        return tuple(task for task in self.tasks if not task.auxiliary)

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features, not yet adapted."""
        return self.config.features


def main_strata(
    tasks: Sequence[Task], labels: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the labels that stratify splits, by task name, without auxiliary tasks."""
    return {
        task.name: task.strata(labels[task.name])
        for task in tasks
        if not task.auxiliary
    }
