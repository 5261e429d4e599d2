"""The named outputs of heads that are computed together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["SplitTasks"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class SplitTasks(keras.layers.Layer):
    """Layer that splits a tensor of all tasks' outputs into one output per task.

    Losses, metrics and gradients use the tensor before this layer (see
    `keras_mtl.blocks.task_blocks`): splitting several hundred tasks and concatenating
    them again takes longer than computing their losses.

    Args:
        tasks: The names of the tasks, in the order of the first axis.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: The outputs of the tasks, of shape (T, N, units).

    Call returns:
        A dict by task name of tensors of shape (N, units).

    Example:

    >>> outputs = SplitTasks(["sick", "well"])(ops.ones((2, 5, 1)))
    >>> {name: output.shape.as_list() for name, output in outputs.items()}
    {'sick': [5, 1], 'well': [5, 1]}
    """

    def __init__(self, tasks: Sequence[str], **kwargs: Any) -> None:
        # The outputs keep the dtype of the heads.
        super().__init__(**{"dtype": "float32", "autocast": False, **kwargs})
        self.tasks = tuple(tasks)

    def call(self, inputs):
        parts = ops.unstack(inputs, len(self.tasks), axis=0)
        return dict(zip(self.tasks, parts, strict=True))

    def compute_output_spec(self, inputs):
        return {
            name: keras.KerasTensor(inputs.shape[1:], dtype=inputs.dtype)
            for name in self.tasks
        }

    def get_config(self):
        return {**super().get_config(), "tasks": list(self.tasks)}
