"""How many threads read a file."""

from __future__ import annotations

from keras_mtl._core.cores import usable_cores

__all__ = ["usable_threads"]

# More of them wait for the one that puts the columns together.
MOST_THREADS = 4


def usable_threads() -> int:
    """Return how many threads may read a file at the same time.

    Example:

    >>> 1 <= usable_threads() <= MOST_THREADS
    True
    """
    return min(MOST_THREADS, usable_cores())
