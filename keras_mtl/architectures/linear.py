"""An output layer per task on the features themselves."""

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
    """Build a model of one dense layer per task, without anything hidden.

    What tells linear architectures apart is the penalty or the prior that their
    weights are solved for with; see `SolvedSettings.solve`.

    Args:
        width: The columns of the encoded matrix.
        tasks: The tasks, resolved.
        settings: The settings.
    """
    del settings
    inputs = keras.Input((width,), name="features")
    outputs = {task.name: task.output_layer()(inputs) for task in tasks}
    return MultiTaskModel(inputs, outputs, tasks=tasks, name="core")
