"""How the tasks' gradients conflict, epoch after epoch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import keras
import numpy as np
import pandas as pd

__all__ = ["GradientConflict", "conflict_columns", "conflict_values"]


def conflict_columns(names: Sequence[str]) -> list[str]:
    """Returns the columns that tell of the conflict between tasks.

    Example:

    >>> conflict_columns(["thal", "heart"])
    ['thal_heart_cosine', 'thal_heart_conflict', 'thal_gradient_norm',
     'heart_gradient_norm', 'thal_weight', 'heart_weight', 'conflict']
    """
    columns = []
    for one, other in combinations(names, 2):
        columns += [f"{one}_{other}_cosine", f"{one}_{other}_conflict"]
    columns += [f"{name}_gradient_norm" for name in names]
    columns += [f"{name}_weight" for name in names]
    return [*columns, "conflict"]


def conflict_values(gramian: Any, weights: Any) -> np.ndarray:
    """Returns the values of `conflict_columns` for one batch.

    Args:
        gramian: (T, T) inner products of the tasks' gradients on the variables
            that they share.
        weights: (T,) the weights in force.

    Returns:
        The values; NaN where a task has no gradient, for want of labels say.

    Example:

    >>> conflict_values([[4.0, -2.0], [-2.0, 1.0]], [1.0, 1.0]).tolist()
    [-1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0]
    """
    gramian = np.asarray(gramian, "float64")
    norms = np.sqrt(np.maximum(np.diagonal(gramian), 0.0))
    # No gradient has no direction.
    norms = np.where(norms > 0, norms, np.nan)
    rows, columns = np.triu_indices(len(gramian), 1)
    cosines = (gramian / np.outer(norms, norms))[rows, columns]
    conflicts = np.where(np.isnan(cosines), np.nan, cosines < 0)
    pairs = np.stack([cosines, conflicts], axis=1).ravel()
    weights = np.asarray(weights, "float64")
    any_conflict = float(np.any(cosines < 0))
    return np.concatenate([pairs, norms, weights, [any_conflict]])


class GradientConflict(keras.callbacks.Callback):
    """Records how the tasks' gradients on shared variables conflict.

    Each batch's cosines, norms and weights in force come into the logs as
    means over the epoch, and so into the history: `thal_heart_cosine`,
    `thal_heart_conflict` (the share of steps with a negative cosine of the
    two), `thal_gradient_norm`, `thal_weight`, and `conflict`, the share of
    steps with a negative cosine of any two tasks. `table` has them with a
    column `epoch`.

    The training step computes the gradients' inner products for this callback
    alone if the weighting does not need them; without it the step is compiled
    without them. Works with a `MultiTaskModel` on one replica.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> model = build_hard_sharing(2, [BinaryTask("heart"), BinaryTask("lung")])
    >>> model.compile("adam")
    >>> x, y = np.eye(2), {"heart": np.array([0.0, 1.0]), "lung": np.array([1.0, 0.0])}
    >>> history = model.fit(x, y, verbose=0, callbacks=[GradientConflict()])
    >>> len(history.history["heart_lung_cosine"])
    1
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[dict[str, float]] = []
        self._steps: list[np.ndarray] = []

    @property
    def table(self) -> pd.DataFrame:
        """One row an epoch."""
        return pd.DataFrame(self._rows)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._rows = []
        self.model.watch_gradients(True)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.model.watch_gradients(False)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._steps = []

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None):
        self._steps.append(conflict_values(*self.model.watched_gradients()))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        values = np.stack(self._steps)
        known = ~np.isnan(values)
        # A pair that never met has no mean.
        sums = np.where(known, values, 0.0).sum(axis=0)
        counts = known.sum(axis=0)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        names = conflict_columns([task.name for task in self.model.tasks])
        row = dict(zip(names, means.tolist(), strict=True))
        self._rows.append({"epoch": epoch + 1, **row})
        if logs is not None:
            logs.update(row)
