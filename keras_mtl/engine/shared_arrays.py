"""Arrays that NumPy and TensorFlow both see, without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["aligned_array", "as_tensor"]

# What TensorFlow asks of an array that it takes as it is, in bytes.
ALIGNMENT = 64


def aligned_array(shape: tuple[int, ...]) -> np.ndarray:
    """Makes an array, not yet filled, that `as_tensor` need not copy.

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
    """Returns an array as a float32 tensor: of the same memory, where it can be.

    Then what is written to the array later is seen in the tensor.

    Args:
        array: Numbers of any shape and type.

    Example:

    >>> array = aligned_array((1000, 2))
    >>> array[:] = 1.0
    >>> float(as_tensor(array)[0, 0])
    1.0
    """
    # Arrays are made before TensorFlow is loaded, too.
    import tensorflow as tf

    plain = isinstance(array, np.ndarray) and array.dtype == "float32"
    if (
        not plain
        or not array.size
        or not array.flags.c_contiguous
        or not array.flags.writeable
        or array.ctypes.data % ALIGNMENT
        # A device of its own has memory of its own.
        or len(tf.config.list_logical_devices()) > 1
    ):
        return tf.constant(array, tf.float32)
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
