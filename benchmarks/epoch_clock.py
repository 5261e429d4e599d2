"""Noting how long epochs take."""

from __future__ import annotations

import time

import keras

__all__ = ["EpochClock"]


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
