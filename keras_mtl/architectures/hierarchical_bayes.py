"""An output layer per task on the features, with standard deviations of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from keras_mtl.architectures.solver_tasks import with_deviations
from keras_mtl.layers import WeightDeviations
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import RegressionTask, Task

__all__ = ["build_hierarchical_bayes"]


def build_hierarchical_bayes(width: int, tasks: Sequence[Task]) -> MultiTaskModel:
    """Build a linear model whose numbers have standard deviations.

    The dense layer of a number reads the features, followed by the deviation. Its
    second output is the deviation. A transformed number has no deviation, which would
    not be in the unit of the label.

    Args:
        width: The number of columns of the encoded matrix.
        tasks: The resolved tasks.
    """
    tasks = with_deviations(tasks)
    inputs = keras.Input((width,), name="features")
    sure = [
        task.name
        for task in tasks
        if isinstance(task, RegressionTask) and task.has_deviations
    ]
    heads = dict.fromkeys([task.name for task in tasks], inputs)
    if sure:
        deviations = WeightDeviations(len(sure), name="weight_deviations")(inputs)
        for index, name in enumerate(sure):
            own = deviations[:, index : index + 1]
            heads[name] = keras.layers.Concatenate()([inputs, own])
    outputs = {task.name: task.output_layer()(heads[task.name]) for task in tasks}
    return MultiTaskModel(inputs, outputs, tasks=tasks, name="core")
