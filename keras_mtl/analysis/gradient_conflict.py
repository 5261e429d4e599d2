"""A callback that records conflicts between the tasks' gradients."""

from __future__ import annotations

from typing import Any

import keras
import pandas as pd

from keras_mtl.engine.gradient_watch import conflict_columns

__all__ = ["GradientConflict", "conflict_columns"]


class GradientConflict(keras.callbacks.Callback):
    """Callback that records conflicts between the tasks' gradients.

    It adds means over the steps of an epoch to the logs and the history. For tasks
    `thal` and `heart` these are `thal_heart_cosine`, the cosine of their gradients on
    the shared variables; `thal_heart_conflict`, the share of steps with a negative
    cosine; `thal_gradient_norm`; `thal_weight`, the weight of the task in the update;
    and `conflict`, the share of steps with a negative cosine of any two tasks. `table`
    has the same values with a column `epoch`.

    Unless the weighting needs the inner products of the gradients anyway, the training
    step computes them only while this callback is used. The model must be a
    `MultiTaskModel` on one replica.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> model = build_hard_sharing(2, [BinaryTask("heart"), BinaryTask("lung")])
    >>> model.compile("adam")
    >>> x = keras.ops.eye(2)
    >>> y = {"heart": keras.ops.array([0.0, 1.0]), "lung": keras.ops.array([1.0, 0.0])}
    >>> history = model.fit(x, y, verbose=0, callbacks=[GradientConflict()])
    >>> len(history.history["heart_lung_cosine"])
    1
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[dict[str, float]] = []

    @property
    def table(self) -> pd.DataFrame:
        """A DataFrame with one row per epoch."""
        return pd.DataFrame(self._rows)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._rows = []
        self.model.watch_gradients(True)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.model.watch_gradients(False)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        # Values from before the epoch are dropped.
        self.model.watched_gradients()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        row = self.model.watched_gradients()
        self._rows.append({"epoch": epoch + 1, **row})
        if logs is not None:
            logs.update(row)
