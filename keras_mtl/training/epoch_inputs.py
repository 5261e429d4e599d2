"""Where the inputs of an epoch come from: memory, or a disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_mtl.training.batch_order import NO_ROW
from keras_mtl.training.replicas import Replicas
from keras_mtl.training.shared_arrays import as_tensor
from keras_mtl.training.streamed_rows import stream_rows

__all__ = ["epoch_inputs"]


def epoch_inputs(
    inputs: np.ndarray, held: np.ndarray | None, replicas: Replicas | None = None
) -> Callable[[np.ndarray], Any]:
    """Returns what gives `MemberProgram.run_epoch` its inputs.

    Args:
        inputs: All rows, float32 of shape (N, ...); a `np.memmap` is streamed.
        held: The validation rows, as `rows_in_order` makes them, or None.
        replicas: The processes that each take a part of every batch.

    Returns:
        A function of an epoch's order, (K, steps, batch_size).

    Example:

    >>> give = epoch_inputs(np.ones((4, 2), "float32"), None)
    >>> give(np.zeros((1, 2, 2), "int32")).shape
    TensorShape([4, 2])
    """
    if not isinstance(inputs, np.memmap):
        tensor = as_tensor(inputs)
        return lambda order: tensor

    def streams(order: np.ndarray) -> tuple[Any, Any]:
        if replicas is not None:
            order = replicas.part(tf.constant(order), NO_ROW).numpy()
        steps = np.swapaxes(order, 0, 1)
        held_stream = None if held is None else iter(stream_rows(inputs, held))
        return iter(stream_rows(inputs, steps)), held_stream

    return streams
