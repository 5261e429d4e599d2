"""A trained model with calibrated probabilities."""

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
    """Divide the logits of a trained model by temperatures.

    The temperatures become layers of the model, so `predict`, a saved file and each
    exported graph give the same probabilities.

    Args:
        model: A trained model, of one network or of the average of several.
        temperatures: The temperature by task name, for example from
            `keras_mtl.evaluation.fit_temperature`. Tasks that are left out keep their
            outputs.
        tasks: The tasks of the new model, in the same order, for example with other
            thresholds. By default the tasks of the model.

    Returns:
        A model with the same name, inputs and weights; the model itself if nothing
        changes.

    Raises:
        ValueError: If a name is not that of a task, or the outputs of a task are not
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
