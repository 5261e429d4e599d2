"""Timing of the epochs of a fit, and a warm-up before a long fit."""

from __future__ import annotations

import time
from typing import Any

import keras

__all__ = ["EpochClock", "warm_up"]

# A fit with this many planned epochs compiles everything that a long fit compiles.
LONG = 2000


class EpochClock(keras.callbacks.Callback):
    """Callback that measures each epoch of a fit, including its evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._start = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self._start)


def warm_up(model: keras.Model, x: Any, y: Any, epochs: int, **settings: Any) -> None:
    """Train a model for some epochs of a fit with many planned epochs.

    The engine decides by the number of planned epochs what to compile.
    """

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch + 1 >= epochs

    model.fit(x, y, epochs=LONG, callbacks=[Stop()], verbose=0, **settings)
