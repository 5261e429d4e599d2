"""Training state in a model file, beside weights and optimizer."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np

from keras_mtl.engine.training_graph import is_seed

__all__ = ["load_training_state", "training_state"]


def training_state(model: Any) -> dict[str, keras.Variable]:
    """Return the state to resume from, beside weights and optimizer, by name.

    Keras does not save the states of random layers.
    """
    if model._training is None:
        return {}
    seeds = filter(is_seed, model.non_trainable_variables)
    return {
        **{f"weighting/{name}": v for name, v in model.weighting_state.items()},
        **{f"seeds/{number}": variable for number, variable in enumerate(seeds)},
    }


def load_training_state(model: Any, store: Any) -> None:
    """Load the state to resume from, and warn about missing variables."""
    absent = []
    for name, variable in training_state(model).items():
        value = _stored(store, name)
        if value is None or value.shape != tuple(variable.shape):
            absent.append(name)
        else:
            variable.assign(value)
    if not absent:
        return
    # The saved model was compiled differently, or had other random layers.
    if model._training is not None:
        for name, value in model._training.step.initial_weighting_state().items():
            if f"weighting/{name}" in absent:
                model.weighting_state[name].assign(value)
    warnings.warn(
        "The weights were loaded. The file lacks these, which training starts again "
        f"from their initial values: {', '.join(absent)}.",
        stacklevel=3,
    )


def _stored(store: Any, name: str) -> np.ndarray | None:
    try:
        return np.asarray(store[name])
    except KeyError:
        return None
