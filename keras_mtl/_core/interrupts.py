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
    """Raise `KeyboardInterrupt` in this context when the process gets SIGTERM.

    Batch systems send SIGTERM before they kill a process. By default, Python would end
    at once, without writing or reporting anything.
    """
    if threading.current_thread() is not threading.main_thread():
        # Python sets signal handlers only in the main thread.
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
