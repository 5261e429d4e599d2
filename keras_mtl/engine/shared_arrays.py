"""Arrays that NumPy and TensorFlow share without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["aligned_array", "as_tensor"]

# The alignment, in bytes, of an array that TensorFlow uses without a copy.
ALIGNMENT = 64


def aligned_array(shape: tuple[int, ...]) -> np.ndarray:
    """Make an uninitialized array that `as_tensor` need not copy.

    Args:
        shape: The shape.

    Returns:
        float32 of that shape.
    """
    size = 4 * int(np.prod(shape))
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view("float32").reshape(shape)


def as_tensor(array: np.ndarray) -> tf.Tensor:
    """Return an array as a float32 tensor, which shares its memory where possible.

    If the memory is shared, later changes of the array also change the tensor.

    Args:
        array: Numbers of any shape and type.

    Example:

    >>> array = aligned_array((1000, 2))
    >>> array[:] = 1.0
    >>> float(as_tensor(array)[0, 0])
    1.0
    """
    # Imported here, since arrays are also made before TensorFlow is loaded.
    import tensorflow as tf

    plain = isinstance(array, np.ndarray) and array.dtype == "float32"
    if (
        not plain
        or not array.size
        or not array.flags.c_contiguous
        or not array.flags.writeable
        or array.ctypes.data % ALIGNMENT
        # An accelerator has its own memory.
        or len(tf.config.list_logical_devices()) > 1
    ):
        return tf.constant(array, tf.float32)
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
