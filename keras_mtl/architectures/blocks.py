"""Stacks that several architectures are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

__all__ = ["Activation", "dense_block"]

Activation = str | Callable[[Any], Any] | None


def dense_block(
    inputs: Any,
    width: int,
    activation: Activation,
    dropout: float,
    batch_norm: bool,
    name: str,
) -> Any:
    """Adds a dense layer with its normalisation, activation and dropout.

    Args:
        inputs: A tensor of shape (N, features).
        width: The layer's units.
        activation: The activation.
        dropout: The dropout rate, 0 for none.
        batch_norm: Whether to normalise before the activation.
        name: The dense layer's name, and the prefix of the others'.

    Returns:
        A tensor of shape (N, width).
    """
    if batch_norm:
        # The normalisation has an offset of its own.
        hidden = keras.layers.Dense(width, use_bias=False, name=name)(inputs)
        hidden = keras.layers.BatchNormalization(name=f"{name}_norm")(hidden)
        hidden = keras.layers.Activation(activation, name=f"{name}_activation")(hidden)
    else:
        hidden = keras.layers.Dense(width, activation=activation, name=name)(inputs)
    if dropout:
        hidden = keras.layers.Dropout(dropout, name=f"{name}_dropout")(hidden)
    return hidden
