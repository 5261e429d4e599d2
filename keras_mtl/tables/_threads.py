"""How many threads read a file."""

from __future__ import annotations

import os

__all__ = ["usable_threads"]

# More of them wait for the one that puts the columns together.
MOST_THREADS = 4


def usable_threads() -> int:
    """Returns how many threads may read a file at the same time.

    Example:

    >>> 1 <= usable_threads() <= MOST_THREADS
    True
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return min(MOST_THREADS, cores)
