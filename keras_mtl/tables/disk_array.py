"""Arrays on a disk that are removed with the process."""

from __future__ import annotations

import errno
import os
import tempfile

import numpy as np

from keras_mtl.errors import UserError

__all__ = ["disk_array"]


def disk_array(shape: int | tuple[int, ...], dtype: str) -> np.ndarray:
    """Make an array in a temporary file without a name.

    The file is removed with the array, even if the process is killed.

    Args:
        shape: The shape of the array.
        dtype: The type of the array.

    Returns:
        A `np.memmap` of zeros.

    Raises:
        UserError: If the disk has too little space.

    Example:

    >>> array = disk_array((1000, 3), "float32")
    >>> array[:] = 1.0
    >>> type(array).__name__, float(array.sum())
    ('memmap', 3000.0)
    """
    shape = (shape,) if isinstance(shape, int) else shape
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    with tempfile.TemporaryFile(prefix="keras_mtl-") as file:
        try:
            # Reserve the space now: a lack of space while a page is written would
            # kill the process.
            os.posix_fallocate(file.fileno(), 0, max(size, 1))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise UserError(
                f"{tempfile.gettempdir()}: expected {size / 2**20:,.0f} MiB of free "
                "space for columns and encoded rows; there is less. Point TMPDIR to "
                "a folder on a larger disk."
            ) from None
        return np.memmap(file, dtype, mode="r+", shape=shape)
