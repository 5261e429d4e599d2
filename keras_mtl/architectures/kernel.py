"""An output layer per task on the scores of a kernel with support rows."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from keras_mtl.architectures.kernel_settings import KernelSettings
from keras_mtl.layers import SupportKernel
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_kernel"]


def build_kernel(
    width: int,
    tasks: Sequence[Task],
    settings: KernelSettings,
    support_rows: int = 1,
) -> MultiTaskModel:
    """Build a model whose scores are sums of kernels at support rows.

    Each task's dense layer reads the task's own scores and adds its intercepts.

    The number of support rows depends on the training rows: see
    `KernelSettings.model_for`.

    Args:
        width: The number of columns of the encoded matrix.
        tasks: The resolved tasks.
        settings: The settings.
        support_rows: The number of support rows.
    """
    inputs = keras.Input((width,), name="features")
    count = sum(task.units for task in tasks)
    scores = SupportKernel(support_rows, count, settings.kernel, name="kernel")(inputs)
    outputs = {task.name: task.output_layer()(scores) for task in tasks}
    return MultiTaskModel(inputs, outputs, tasks=tasks, name="core")
