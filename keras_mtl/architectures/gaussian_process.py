"""An output layer per task on the scores of a Gaussian process."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from keras_mtl.architectures.gaussian_process_settings import GaussianProcessSettings
from keras_mtl.architectures.solver_tasks import with_deviations
from keras_mtl.layers import ProcessScores
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import RegressionTask, Task

__all__ = ["build_gaussian_process"]


def build_gaussian_process(
    width: int,
    tasks: Sequence[Task],
    settings: GaussianProcessSettings,
    support_rows: int | None = None,
    directions: int = 1,
) -> MultiTaskModel:
    """Build a model whose scores are those of a Gaussian process.

    The dense layer of a task with classes reads its own scores. A number has a second
    output, its standard deviation.

    Args:
        width: The number of columns of the encoded matrix.
        tasks: The resolved tasks.
        settings: The settings.
        support_rows: The number of support rows. With None, before rows are known,
            numbers have no deviations.
        directions: See `ProcessScores`.
    """
    del settings
    inputs = keras.Input((width,), name="features")
    if support_rows is not None:
        tasks = with_deviations(tasks)
    numbers: list[bool] = []
    for task in tasks:
        is_number = isinstance(task, RegressionTask)
        numbers += [True] if is_number else [False] * task.units
    scores = ProcessScores(support_rows or 1, numbers, directions, name="process")(
        inputs
    )
    outputs = {task.name: task.output_layer()(scores) for task in tasks}
    return MultiTaskModel(inputs, outputs, tasks=tasks, name="core")
