"""The calibration error over the held-out rows of all folds together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from keras_mtl.evaluation import calibration_error, top_class
from keras_mtl.tasks import Task

__all__ = [
    "CalibrationStore",
    "PooledCalibration",
    "calibration_pair",
    "mean_calibration",
    "pool",
]

# Enough for a mean of the chance part with two digits.
DRAWS = 20


@dataclass(frozen=True)
class PooledCalibration:
    """Calibration error of a method over the held-out rows of all folds.

    The mean of the folds' errors is higher, as each fold has few rows: even perfectly
    calibrated probabilities show an error there.

    Attributes:
        table: The table's name.
        target: The target's column.
        method: The method, as `--methods` takes it.
        rows: The rows that have a label.
        error: The expected calibration error of the positive or the most probable
            class, its chance part not removed.
        chance: The mean error that perfectly calibrated probabilities of the same
            values show: labels are drawn from the predicted probabilities.
    """

    table: str
    target: str
    method: str
    rows: int
    error: float
    chance: float


def calibration_pair(
    task: Task, labels: np.ndarray, outputs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return hits and the probabilities that were predicted for them, both (N,).

    Args:
        task: A task with classes.
        labels: Its encoded labels, (N,), NaN where missing.
        outputs: As the task's head gives them, (N, units).

    Returns:
        The labels and probabilities of the positive class; for several classes,
        whether the most probable one is right, and its probability.
    """
    return (labels, outputs[:, 0]) if task.units == 1 else top_class(labels, outputs)


def pool(
    table: str,
    task: Task,
    method: str,
    folds: Mapping[int, tuple[np.ndarray, np.ndarray]],
) -> PooledCalibration:
    """Compute the calibration error of the held-out rows of all folds.

    Args:
        table: The table's name.
        task: The task of a target, with classes.
        method: The method.
        folds: By fold the labels, (N,), and the outputs, (N, units), of its held-out
            rows.
    """
    pairs = [calibration_pair(task, *folds[fold]) for fold in sorted(folds)]
    found = calibration_error(
        np.concatenate([hits for hits, _ in pairs]),
        np.concatenate([probabilities for _, probabilities in pairs]),
        draws=DRAWS,
    )
    return PooledCalibration(
        table, task.name, method, found.rows, found.value, found.bias
    )


def mean_calibration(
    calibrations: pd.DataFrame, methods: Sequence[str]
) -> pd.DataFrame:
    """Return the mean `error` and `chance` of each method, by method.

    Args:
        calibrations: As `CalibrationStore.read` gives them.
        methods: The methods. Only targets that all of them were measured on count;
            NaN if there is no such target.
    """
    wide = calibrations.pivot(
        index=["table", "target"], columns="method", values=["error", "chance"]
    )
    columns = pd.MultiIndex.from_product([["error", "chance"], methods])
    means = wide.reindex(columns=columns).dropna().astype("float64").mean()
    return means.unstack(level=0).loc[list(methods)]


class CalibrationStore:
    """Calibration errors in a CSV file; of two with one key the later one counts.

    Args:
        path: The file. It need not be there.

    Example:

    >>> import tempfile
    >>> store = CalibrationStore(Path(tempfile.mkdtemp(), "calibration.csv"))
    >>> store.add(PooledCalibration("cars", "Origin", "linear", 392, 0.05, 0.03))
    >>> store.read()["error"].tolist()
    [0.05]
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, calibration: PooledCalibration) -> None:
        """Append a calibration error."""
        line = pd.DataFrame([asdict(calibration)])
        is_new = not self.path.exists()
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(line.to_csv(index=False, header=is_new, float_format="%.5g"))

    def read(self) -> pd.DataFrame:
        """Return all calibration errors; of two with one key the later one."""
        if not self.path.exists():
            return pd.DataFrame(
                columns=[field.name for field in fields(PooledCalibration)]
            )
        key = ["table", "target", "method"]
        return pd.read_csv(self.path).drop_duplicates(key, keep="last")
