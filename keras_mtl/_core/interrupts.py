"""Handling of SIGTERM like Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["terminate_as_interrupt"]


@contextlib.contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Raise `KeyboardInterrupt` inside when the process is told to terminate.

    Batch systems send SIGTERM before they kill; Python would end at once, with
    nothing written or told.
    """
    if threading.current_thread() is not threading.main_thread():
        # Python takes signals in its main thread alone.
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
