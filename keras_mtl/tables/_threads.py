"""The number of threads that read a file, and the memory that they use again."""

from __future__ import annotations

import numpy as np

from keras_mtl._core.cores import usable_cores

__all__ = ["keep_freed_memory", "usable_threads"]

# More threads would wait for the thread that assembles the columns.
MOST_THREADS = 4
# glibc ignores blocks above 32 MiB when it adapts its threshold.
LARGEST_BLOCK = 31 << 20


def usable_threads() -> int:
    """Return the number of threads that may read a file at the same time.

    Example:

    >>> 1 <= usable_threads() <= MOST_THREADS
    True
    """
    return min(MOST_THREADS, usable_cores())


def keep_freed_memory() -> None:
    """Let each thread keep the memory of a part of a file for the next part.

    glibc returns freed memory to the system if it exceeds twice the largest block that
    was ever freed (`M_MMAP_THRESHOLD` in mallopt(3)). The buffers of a parser are
    larger. The system takes as long to provide new pages as pandas takes to fill a
    third of them. The block that this function frees is never written. With other C
    libraries the function has no effect.
    """
    np.empty(LARGEST_BLOCK, "uint8")
