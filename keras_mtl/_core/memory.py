"""Release of memory that is no longer needed."""

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

    The C library keeps memory that Python freed for later use: tens of mebibytes after
    a large file was read in parts. Only glibc has a function to return it.

    Example:

    >>> give_back_memory()
    """
    gc.collect()
    _trim()


def release_in_turn(parts: list[Part]) -> Iterator[Part]:
    """Yield each part, and release its memory before the next one.

    Args:
        parts: A list of any objects; it is empty at the end.

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
