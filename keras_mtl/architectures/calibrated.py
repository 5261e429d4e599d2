"""A trained model whose probabilities have been calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["calibrate_model"]


def calibrate_model(
    model: MultiTaskModel,
    temperatures: Mapping[str, float],
    tasks: Sequence[Task] | None = None,
) -> MultiTaskModel:
    """Puts a temperature behind the outputs of a trained model.

    The temperatures become layers of the model, so that `predict`, a saved file
    and each exported graph give the same probabilities.

    Args:
        model: A trained model, of one network or of the average of several.
        temperatures: By task name the temperature that the outputs are divided
            by, for example from `keras_mtl.evaluation.fit_temperature`. A task
            that is not here keeps its outputs.
        tasks: The tasks in place of the model's own, in the same order: with
            other thresholds, for example. By default the model's own.

    Returns:
        A model of the same name and inputs, which shares the weights; the model
        itself if nothing changes.

    Raises:
        ValueError: When a name is no task's, or the outputs of a task are not
            probabilities.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> model = build_hard_sharing(4, [BinaryTask("heart")])
    >>> calibrated = calibrate_model(model, {"heart": 1.7})
    >>> calibrated.get_layer("heart.temperature").temperature
    1.7
    """
    tasks = model.tasks if tasks is None else tuple(tasks)
    by_name = {task.name: task for task in tasks}
    layers = {}
    for name, temperature in temperatures.items():
        if name not in by_name or by_name[name].probabilities is None:
            known = [task.name for task in tasks if task.probabilities is not None]
            raise ValueError(
                "Invalid value received for argument `temperatures`. Expected names "
                f"of tasks with probabilities: {', '.join(known) or 'none'}. "
                f"Received: {name!r}"
            )
        layers[name] = by_name[name].temperature_layer(temperature)
    if not layers and tasks == model.tasks:
        return model
    outputs = {
        name: layers[name](model.output[name]) if name in layers else model.output[name]
        for name in by_name
    }
    return MultiTaskModel(
        model.input, outputs, name=model.name, tasks=tasks, features=model.features
    )
