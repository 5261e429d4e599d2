"""The model that many members' program runs, made from the architecture."""

from __future__ import annotations

from typing import Any

import keras

from keras_mtl.training.member_layers import (
    PresentRowsNormalization,
    VariableRateDropout,
)
from keras_mtl.training.multi_task_model import MultiTaskModel

__all__ = ["dropout_layers", "member_model", "set_dropout_rates"]


def member_model(
    model: MultiTaskModel, fill_batches: bool, own_dropout: bool
) -> MultiTaskModel:
    """Makes a copy of an architecture whose ordinary layers serve many members.

    Builders need no special layers: in the copy they are put in the place of
    Keras's own, wherever the configuration has them, in nested models and
    wrappers too.

    Args:
        model: The architecture.
        fill_batches: Whether batches with fewer rows than others are filled
            up, so that normalisations have to leave rows out.
        own_dropout: Whether members have dropout rates of their own.

    Returns:
        The copy. Its variables are those of the architecture, in their order;
        each dropout has its rate beside them.

    Raises:
        ValueError: When a layer can't leave rows out.
    """
    others: dict[str, type[keras.layers.Layer]] = {}
    if fill_batches:
        others["BatchNormalization"] = PresentRowsNormalization
    if own_dropout:
        others["Dropout"] = VariableRateDropout
    config = _with_layers(model.get_config(), others)
    made = type(model).from_config(config)
    if fill_batches:
        _check_rows_apart(made)
    return made


def dropout_layers(model: keras.Model) -> list[Any]:
    """Returns the layers that are Keras's dropout, or stand for it, with noise."""
    kinds = (keras.layers.Dropout, VariableRateDropout)
    layers = [layer for layer in model._flatten_layers() if type(layer) in kinds]
    return [layer for layer in layers if layer.rate > 0]


def set_dropout_rates(model: keras.Model, rates: dict[str, float]) -> None:
    """Gives the dropout layers of a model rates by the layers' names."""
    for layer in dropout_layers(model):
        layer.rate = rates.get(layer.name, layer.rate)


def _with_layers(config: Any, others: dict[str, type[keras.layers.Layer]]) -> Any:
    """Returns a configuration that names other classes for Keras's own layers."""
    if isinstance(config, (list, tuple)):
        return type(config)(_with_layers(part, others) for part in config)
    if not isinstance(config, dict):
        return config
    config = {key: _with_layers(part, others) for key, part in config.items()}
    other = others.get(str(config.get("class_name")))
    if other is not None and config.get("module") == "keras.layers":
        config |= {
            "module": other.__module__,
            "class_name": other.__name__,
            "registered_name": keras.saving.get_registered_name(other),
        }
    return config


def _check_rows_apart(model: keras.Model) -> None:
    for layer in model._flatten_layers():
        hidden = type(layer) is keras.layers.BatchNormalization
        regularised = getattr(layer, "activity_regularizer", None) is not None
        if hidden or regularised:
            reason = "an activity regulariser" if regularised else "no configuration"
            raise ValueError(
                "Invalid value received for argument `model`. Expected layers that "
                "can leave out the rows that fill up a batch. Received: the layer "
                f"{layer.name!r}, with {reason}. Choose a batch size that divides "
                "every member's number of rows."
            )
