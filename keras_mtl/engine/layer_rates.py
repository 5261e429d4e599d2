"""Separate learning rates for some layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_mtl.errors import did_you_mean

__all__ = ["rates_by_position", "update_at_rates"]


def rates_by_position(
    model: keras.Model, rates: Mapping[str, float] | None
) -> dict[int, float]:
    """Return factors of the learning rate by position in `trainable_variables`.

    Args:
        model: The model.
        rates: Factors of the learning rate by layer name. A nested model counts as a
            layer. If a layer and a layer within it are named, the inner layer's factor
            applies.

    Raises:
        ValueError: If a name is not that of a layer, or a factor is not a number of 0
            or more.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="a")])
    >>> rates_by_position(model, {"a": 0.1})
    {0: 0.1, 1: 0.1}
    """
    positions = {id(each): i for i, each in enumerate(model.trainable_variables)}
    found: dict[int, float] = {}
    named = set()
    # Outer layers first.
    for layer in model._flatten_layers(include_self=False):
        if rates is None or layer.name not in rates:
            continue
        named.add(layer.name)
        factor = _check_factor(layer.name, rates[layer.name])
        for variable in layer.trainable_variables:
            found[positions[id(variable)]] = factor
    for name in rates or ():
        if name not in named:
            known = [layer.name for layer in model._flatten_layers(include_self=False)]
            raise ValueError(
                "Invalid value received for argument `layer_rates`. Expected names of "
                f"layers. Received: {name!r}.{did_you_mean(name, known)}"
            )
    return found


def update_at_rates(
    update: Callable[[], None],
    variables: Sequence[keras.Variable],
    rates: Mapping[int, Any],
) -> None:
    """Make an update with reduced learning rates for some variables.

    The update of every Keras optimizer, weight decay included, is the learning rate
    times a direction. A part of the update is therefore the update at a lower rate.
    Unlike a factor of the gradient, this also works for optimizers such as Adam, which
    do not depend on the gradient's scale.

    Args:
        update: A function that updates the variables at the optimizer's learning rate.
        variables: All variables that are updated.
        rates: Factors of the learning rate by position; each a number or a scalar
            variable.

    Example:

    >>> pair = [keras.Variable(1.0), keras.Variable(1.0)]
    >>> def update():
    ...     for each in pair:
    ...         each.assign_add(1.0)
    >>> update_at_rates(update, pair, {1: 0.1})
    >>> [round(float(each.numpy()), 6) for each in pair]
    [2.0, 1.1]
    """
    before = {i: tf.identity(tf.convert_to_tensor(variables[i])) for i in rates}
    update()
    for position, value in before.items():
        variable = variables[position]
        factor = tf.cast(tf.convert_to_tensor(rates[position]), value.dtype)
        variable.assign(value + factor * (tf.convert_to_tensor(variable) - value))


def _check_factor(name: str, factor: Any) -> float:
    if isinstance(factor, int | float) and 0 <= factor < math.inf:
        return float(factor)
    raise ValueError(
        "Invalid value received for argument `layer_rates`. Expected, for layer "
        f"{name!r}, a number of 0 or more. Received: {factor!r}"
    )
