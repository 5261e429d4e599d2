"""Weightings: methods that combine the tasks' losses or gradients into one update.

Importing this package and calling `names()` imports neither Keras nor TensorFlow. The
classes are imported with the first instance.
"""

import importlib
from typing import Any

from keras_mtl.weighting.registry import _METHODS, get, names, register_weighting

_BASES = {
    "GramianWeighting": "gramian_weighting",
    "JacobianAggregator": "jacobian_aggregator",
    "LossWeighting": "loss_weighting",
    "Weighting": "base",
    "fixed_loops": "solvers.loops",
}
_CLASSES = {class_name: module for module, class_name, _ in _METHODS.values()}

__all__ = ["get", "names", "register_weighting", *_BASES, *_CLASSES]


def __getattr__(name: str) -> Any:
    module = _BASES.get(name) or _CLASSES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    importlib.import_module("keras")  # As in `registry.load`.
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
