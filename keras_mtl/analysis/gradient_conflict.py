"""How the tasks' gradients conflict, epoch after epoch."""

from __future__ import annotations

from typing import Any

import keras
import pandas as pd

from keras_mtl.engine.gradient_watch import conflict_columns

__all__ = ["GradientConflict", "conflict_columns"]


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
        """One row an epoch."""
        return pd.DataFrame(self._rows)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._rows = []
        self.model.watch_gradients(True)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.model.watch_gradients(False)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        # What was before the epoch does not belong to it.
        self.model.watched_gradients()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        row = self.model.watched_gradients()
        self._rows.append({"epoch": epoch + 1, **row})
        if logs is not None:
            logs.update(row)
