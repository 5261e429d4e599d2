"""Giving memory back that is not needed any more."""

from __future__ import annotations

import ctypes
import gc
import os

__all__ = ["give_back_memory"]


def give_back_memory() -> None:
    """Frees what is in cycles, and gives free memory back to the system.

    The C library keeps what Python freed, in case it is asked for again: tens of
    mebibytes after a large file was read in parts. Only glibc can be told.

    Example:

    >>> give_back_memory()
    """
    gc.collect()
    trim = (
        getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    )
    if trim is not None:
        trim(0)
