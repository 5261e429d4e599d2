"""Common functions of tasks whose labels are classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from keras_mtl.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from keras_mtl.tables.column_store import Rows
    from keras_mtl.tasks._plots import ClassColumns

__all__ = ["CLASS_METRICS", "name_classes", "one_group_per_class", "plots_of_classes"]

CLASS_METRICS: Mapping[str, Literal["min", "max"]] = {
    "accuracy": "max",
    "balanced_accuracy": "max",
    "auc": "max",
    "log_loss": "min",
    "brier": "min",
}


def name_classes(task: Task, frame: Rows) -> dict[str, pd.Series]:
    """Return the classes of a task with one label column; see `class_labels`."""
    import pandas as pd

    names = pd.Series(task.decode_labels(task.encode_labels(frame)))
    return {task.label_columns[0]: names.replace("", np.nan)}


def one_group_per_class(
    task: Task, labels: np.ndarray
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield the rows of each class of a task with one label column."""
    for code in np.unique(labels[~np.isnan(labels)]):
        name = str(task.decode_labels(np.asarray([code]))[0])
        yield task.label_columns[0], name, labels == code


def plots_of_classes(
    task: str, columns: ClassColumns
) -> dict[str, Callable[[Axes], None]]:
    """Return the plots of ranking and calibration, if a class defines them."""
    from keras_mtl.tasks._plots import (
        drawn_classes,
        plot_calibration,
        plot_precision_recall,
        plot_roc,
    )

    drawn = drawn_classes(columns)
    if not drawn:
        return {}
    return {
        "roc": partial(plot_roc, task=task, columns=drawn),
        "precision_recall": partial(plot_precision_recall, task=task, columns=drawn),
        "calibration": partial(plot_calibration, task=task, columns=drawn),
    }
