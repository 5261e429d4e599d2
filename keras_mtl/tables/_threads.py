"""How many threads read a file, and the memory that they use again."""

from __future__ import annotations

import numpy as np

from keras_mtl._core.cores import usable_cores

__all__ = ["keep_freed_memory", "usable_threads"]

# More of them wait for the one that puts the columns together.
MOST_THREADS = 4
# glibc learns from no larger block than one of 32 MiB.
LARGEST_BLOCK = 31 << 20


def usable_threads() -> int:
    """Return how many threads may read a file at the same time.

    Example:

    >>> 1 <= usable_threads() <= MOST_THREADS
    True
    """
    return min(MOST_THREADS, usable_cores())


def keep_freed_memory() -> None:
    """Let each thread keep the memory of a part of a file for the next part.

    glibc gives freed memory back to the system beyond twice the largest block that
    was ever freed (`M_MMAP_THRESHOLD` in mallopt(3)). A parser's buffers are larger,
    and the system takes as long to give new pages as pandas takes to fill a third of
    them. No page of the block here is ever used. Other C libraries do not mind.
    """
    np.empty(LARGEST_BLOCK, "uint8")
