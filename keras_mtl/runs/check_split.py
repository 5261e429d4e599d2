"""Whether the two sides of a split can serve all tasks."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from keras_mtl.errors import DataWarning, UserError
from keras_mtl.runs.row_split import RowSplit
from keras_mtl.tasks import Task

__all__ = ["require_classes"]


def require_classes(
    tasks: Sequence[Task],
    labels: Mapping[str, np.ndarray],
    split: RowSplit,
    source: str,
    test_source: str,
) -> None:
    """Requires each class among the training rows, and misses it in the others.

    Groups or identical rows may keep all rows of a class on one side.

    Args:
        tasks: The tasks.
        labels: By task name the encoded labels of all rows.
        split: The two sides.
        source: What the messages call the training data.
        test_source: What they call the test data.

    Raises:
        UserError: With a message for each class that no training row has. Of
            those that no test row has, a `DataWarning` tells.
    """
    mistakes = []
    for task in tasks:
        for column, word, has in task.label_groups(labels[task.name]):
            what = f"with class {word!r}" if word else "with a label"
            where = f"{source}, column {column!r}"
            if not has[split.train_rows].any():
                mistakes.append(
                    f"{where}: task {task.name!r} expects training rows {what}. "
                    "Received: none, as all such rows belong together and are held "
                    "out. Group by another column, or hold out other rows (--seed, "
                    "--test-data)."
                )
            elif not has[split.test_rows].any():
                warnings.warn(
                    f"{test_source}, column {column!r}: task {task.name!r} has no "
                    f"held-out row {what}; measures that need one are left out.",
                    DataWarning,
                    stacklevel=2,
                )
    if mistakes:
        raise UserError(*mistakes)
