"""An output layer per task on the features."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from keras_mtl.architectures.solved import SolvedSettings
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_linear"]


def build_linear(
    width: int, tasks: Sequence[Task], settings: SolvedSettings
) -> MultiTaskModel:
    """Build a model of one dense layer per task, without hidden layers.

    Linear architectures differ in the penalty or the prior with which their weights are
    solved for; see `SolvedSettings.solve`.

    Args:
        width: The number of columns of the encoded matrix.
        tasks: The resolved tasks.
        settings: The settings.
    """
    del settings
    inputs = keras.Input((width,), name="features")
    outputs = {task.name: task.output_layer()(inputs) for task in tasks}
    return MultiTaskModel(inputs, outputs, tasks=tasks, name="core")
