"""The tasks and features of models that Keras makes from a model's outputs."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

import keras

from keras_mtl.features.feature import Feature
from keras_mtl.tasks import Task

__all__ = ["declare", "declared_for"]

# The tasks and features of the model that made an output, by output.
_DECLARED: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


def declare(model: Any, outputs: Any) -> None:
    """Record the tasks and features of the model that made some symbolic outputs."""
    for tensor in keras.tree.flatten(outputs):
        # Keras makes other outputs before the model has its tasks.
        if isinstance(tensor, keras.KerasTensor):
            _DECLARED[tensor] = (model.tasks, model.features)


def declared_for(outputs: Any) -> tuple[tuple[Task, ...], tuple[Feature, ...]]:
    """Return the tasks and features of the model that made some outputs."""
    if not isinstance(outputs, Mapping) or not outputs:
        return (), ()
    tasks, features = _DECLARED.get(next(iter(outputs.values())), ((), ()))
    alike = list(outputs) == [task.name for task in tasks]
    return (tasks, features) if alike else ((), ())
