"""Release of memory that is not needed any more."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from typing import TypeVar

__all__ = ["give_back_memory", "release_in_turn"]

Part = TypeVar("Part")


def give_back_memory() -> None:
    """Collect garbage, and return free memory to the system.

    The C library keeps what Python freed, in case it is asked for again: tens of
    mebibytes after a large file was read in parts. Only glibc can be told.

    Example:

    >>> give_back_memory()
    """
    gc.collect()
    _trim()


def release_in_turn(parts: list[Part]) -> Iterator[Part]:
    """Give each part, and its memory back to the system before the next.

    Args:
        parts: Any things; the list is empty in the end.

    Example:

    >>> parts = [[1], [2]]
    >>> list(release_in_turn(parts)), parts
    ([[1], [2]], [])
    """
    parts.reverse()
    while parts:
        yield parts.pop()
        _trim()


def _trim() -> None:
    trim = (
        getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    )
    if trim is not None:
        trim(0)
