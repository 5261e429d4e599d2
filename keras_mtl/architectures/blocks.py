"""Stacks of layers for several architectures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

__all__ = ["Activation", "dense_block", "dense_trunk"]

Activation = str | Callable[[Any], Any] | None


def dense_block(
    inputs: Any,
    width: int,
    activation: Activation,
    dropout: float,
    batch_norm: bool,
    name: str,
) -> Any:
    """Add a dense layer with its normalization, activation and dropout.

    Args:
        inputs: A tensor of shape (N, features).
        width: The number of units of the layer.
        activation: The activation.
        dropout: The dropout rate; 0 for no dropout.
        batch_norm: Whether to normalize before the activation.
        name: The name of the dense layer, and the prefix of the other layers' names.

    Returns:
        A tensor of shape (N, width).
    """
    if batch_norm:
        # The normalization has its own offset.
        hidden = keras.layers.Dense(width, use_bias=False, name=name)(inputs)
        hidden = keras.layers.BatchNormalization(name=f"{name}_norm")(hidden)
        hidden = keras.layers.Activation(activation, name=f"{name}_activation")(hidden)
    else:
        hidden = keras.layers.Dense(width, activation=activation, name=name)(inputs)
    if dropout:
        hidden = keras.layers.Dropout(dropout, name=f"{name}_dropout")(hidden)
    return hidden


def dense_trunk(
    inputs: Any,
    widths: Sequence[int],
    activation: Activation,
    dropout: float,
    batch_norm: bool,
) -> Any:
    """Add the layers that all tasks share, one `dense_block` after the other.

    Args:
        inputs: A tensor of shape (N, features).
        widths: The widths of the layers; the first layer is `trunk_1`.
        activation: See `dense_block`.
        dropout: See `dense_block`.
        batch_norm: See `dense_block`.

    Returns:
        A tensor of shape (N, last width), or the inputs if there is no layer.
    """
    hidden = inputs
    for index, width in enumerate(widths, start=1):
        hidden = dense_block(
            hidden, width, activation, dropout, batch_norm, f"trunk_{index}"
        )
    return hidden
