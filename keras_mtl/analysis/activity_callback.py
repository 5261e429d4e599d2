"""A callback that records idle units after each epoch."""

from __future__ import annotations

from typing import Any

import keras
import pandas as pd

from keras_mtl.analysis.activity import unit_activity

__all__ = ["UnitActivity"]


class UnitActivity(keras.callbacks.Callback):
    """Callback that records the shares of idle units after each epoch.

    It adds the shares of all units of the model to the logs and the history, as
    `zero_units`, `no_gradient_units` and `saturated_units`. `table` has the shares per
    layer.

    Args:
        x: Rows as inputs of `unit_activity`, for example the training rows.
        every: Measure after each `every`-th epoch. The other epochs repeat the last
            shares in the logs.
        batch_size: See `unit_activity`.

    Raises:
        ValueError: If `every` is below 1.

    Example:

    >>> import numpy as np
    >>> x, y = np.ones((8, 2)), np.ones((8, 1))
    >>> model = keras.Sequential([keras.layers.Dense(4, "relu")])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(x, y, epochs=2, verbose=0, callbacks=[UnitActivity(x)])
    >>> len(history.history["zero_units"])
    2
    """

    def __init__(self, x: Any, every: int = 1, batch_size: int = 1024) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(
                "Invalid value received for argument `every`. Expected at least 1. "
                f"Received: every={every}"
            )
        self.x = x
        self.every = every
        self.batch_size = batch_size
        self._tables: list[pd.DataFrame] = []
        self._shares: dict[str, float] = {}

    @property
    def table(self) -> pd.DataFrame:
        """The concatenated tables of `unit_activity`, with a column `epoch`."""
        return pd.concat(self._tables, ignore_index=True)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._tables, self._shares = [], {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if epoch % self.every == 0:
            activity = unit_activity(self.model, self.x, self.batch_size)
            units = activity["units"].sum()
            self._shares = {
                f"{kind}_units": float((activity[kind] * activity["units"]).sum())
                / max(units, 1)
                for kind in ("zero", "no_gradient", "saturated")
            }
            activity.insert(0, "epoch", epoch + 1)
            self._tables.append(activity)
        if logs is not None:
            logs.update(self._shares)
