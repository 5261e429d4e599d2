"""Timing of the epochs of a fit, and a warm-up before a long fit."""

from __future__ import annotations

import time
from typing import Any

import keras

__all__ = ["EpochClock", "warm_up"]

# A fit that is planned for so many epochs has all compiled that pays in a long fit.
LONG = 2000


class EpochClock(keras.callbacks.Callback):
    """Notes how long each epoch of a fit takes, its evaluation included."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._start = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self._start)


def warm_up(model: keras.Model, x: Any, y: Any, epochs: int, **settings: Any) -> None:
    """Train a model for some epochs of a fit that is planned for many more.

    The engine chooses what to compile by the epochs that are planned.
    """

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch + 1 >= epochs

    model.fit(x, y, epochs=LONG, callbacks=[Stop()], verbose=0, **settings)
