"""Scores of predictions, from the metrics of the tasks."""

from __future__ import annotations

import numpy as np

from benchmarks.tables.calibration import calibration_pair
from keras_mtl.evaluation import calibration_error
from keras_mtl.tasks import Task

__all__ = ["score"]

NAN = float("nan")


def score(task: Task, labels: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
    """Score the outputs for held-out rows; rows without a label do not count.

    Args:
        task: The task.
        labels: The encoded labels of the task, (N,).
        outputs: The outputs in the form of the task's head, (N, units).

    Returns:
        `rows`, and `log_loss`, `auc`, `r2` and `calibration_error`; NaN where
        the task has no such metric.
    """
    known = np.isfinite(labels)
    labels, outputs = labels[known], outputs[known]
    measured = task.measure(labels, outputs)
    calibration = NAN
    if task.class_names:
        pair = calibration_pair(task, labels, outputs)
        calibration = calibration_error(*pair, draws=1).value
    return {
        "rows": int(known.sum()),
        **{name: measured.get(name, NAN) for name in ("log_loss", "auc", "r2")},
        "calibration_error": calibration,
    }
