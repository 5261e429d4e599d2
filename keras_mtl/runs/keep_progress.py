"""Keeping a run's checkpoint while it trains."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Any

from keras_mtl.errors import RunStoppedError
from keras_mtl.runs.checkpoint import Checkpoint, write_checkpoint
from keras_mtl.training.progress import Progress

__all__ = ["KeepProgress"]

# Writing takes at most about this share of the time.
SHARE_OF_TIME = 0.02
# Short epochs are not each written; so many seconds are lost at most.
SECONDS_APART = 1.0


class KeepProgress:
    """Keeps where training stands, so that it costs next to no time.

    The first epoch is written at once, later ones when enough time has gone
    by. On leaving the context, however that comes about, the last one is.

    Args:
        path: The checkpoint's place.
        settings: See `Checkpoint`.
        data: See `Checkpoint`.
    """

    def __init__(
        self, path: Path, settings: dict[str, Any], data: dict[str, str]
    ) -> None:
        self.path = path
        self.settings = settings
        self.data = data
        self._waiting: Progress | None = None
        self._due = time.monotonic()
        # The last epoch that is in the file; 0 for none.
        self.epoch = 0

    def __call__(self, progress: Progress) -> None:
        """Takes where training stands after an epoch."""
        self._waiting = progress
        if time.monotonic() >= self._due:
            self.write()

    def __enter__(self) -> KeepProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # One failure is enough to be told: that of writing may be the reason.
        if not isinstance(error, RunStoppedError):
            self.write()

    def write(self) -> None:
        """Writes what is not written yet.

        Raises:
            RunStoppedError: When the disk is full, say.
        """
        if self._waiting is None:
            return
        start = time.monotonic()
        try:
            write_checkpoint(
                self.path, Checkpoint(self.settings, self.data, self._waiting)
            )
        except OSError as error:
            epoch = self._waiting.epoch
            kept = (
                f"that of epoch {self.epoch} is whole). Make room for it and go on "
                "with --resume."
                if self.epoch
                else "none yet). Nothing is kept: make room, or write to another disk "
                "with --out, and train again."
            )
            raise RunStoppedError(
                f"{self.path}: the checkpoint of epoch {epoch} could not be written: "
                f"{error.strerror} ({kept}"
            ) from error
        self.epoch = self._waiting.epoch
        self._waiting = None
        now = time.monotonic()
        self._due = now + max(SECONDS_APART, (now - start) / SHARE_OF_TIME)

    def remove(self) -> None:
        """Removes the file, once the run is whole."""
        self._waiting = None
        self.path.unlink(missing_ok=True)
