"""The deep regressors of the second article, with any activation or without one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras

from keras_mtl.architectures.blocks import Activation
from keras_mtl.errors import did_you_mean

__all__ = ["activation_layer", "build_regressor", "regressor_trunk"]

WIDTHS = (16, 32, 128, 32, 16)


def build_regressor(
    widths: Sequence[int] = WIDTHS,
    leaky_relu: bool = True,
    negative_slope: float = 0.01,
    batch_norm: bool = True,
    activation: Activation = None,
    features: int = 1,
    name: str = "regressor",
) -> keras.Sequential:
    """Build a deep network from numbers to one number.

    Each hidden layer is a dense layer, its activation and a batch normalization.
    Without an activation, the network is a linear function at any depth: see
    `studies.collapse_to_line`.

    Each activation has its own batch normalization. The code of the article uses one
    normalization layer in two places. Its running statistics are then a mix of two
    different layers, and predictions differ from training.

    Args:
        widths: The widths of the hidden layers.
        leaky_relu: Whether the activation is a leaky ReLU. If it is False and
            `activation` is None, the layers have no activation.
        negative_slope: The slope of the leaky ReLU below zero.
        batch_norm: Whether a batch normalization follows each activation.
        activation: Any Keras activation, by name or as a function, in place of the
            leaky ReLU.
        features: The number of inputs.
        name: The model's name.

    Returns:
        A `keras.Sequential` from (N, features) to (N, 1). To use its hidden layers as
        the trunk of a multi-task model, see `regressor_trunk`.

    Raises:
        ValueError: If a width is not positive, the slope is not finite or the
            activation is unknown.

    Example:

    >>> model = build_regressor()
    >>> sum(l.count_params() for l in model.layers if "dense" in l.name)
    9473
    >>> build_regressor(widths=(8,), activation="gelu").output_shape
    (None, 1)
    """
    if activation is None and leaky_relu:
        activation = "leaky_relu"
    hidden = _hidden_layers(widths, activation, negative_slope, batch_norm)
    output = keras.layers.Dense(1, dtype="float32", name="dense_output")
    return keras.Sequential([keras.Input((features,)), *hidden, output], name=name)


def regressor_trunk(
    widths: Sequence[int] = WIDTHS,
    leaky_relu: bool = True,
    negative_slope: float = 0.01,
    batch_norm: bool = True,
    activation: Activation = None,
    features: int = 1,
    name: str = "regressor_trunk",
) -> keras.Sequential:
    """Build the hidden layers of `build_regressor`, as the trunk of a model.

    Args:
        widths: See `build_regressor`, also for the other arguments.
        leaky_relu: Whether the activation is a leaky ReLU.
        negative_slope: The slope of the leaky ReLU below zero.
        batch_norm: Whether a batch normalization follows each activation.
        activation: Any Keras activation in place of the leaky ReLU.
        features: The number of inputs.
        name: The trunk's name.

    Returns:
        A `keras.Sequential` from (N, features) to (N, last width).

    Raises:
        ValueError: See `build_regressor`.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask, RegressionTask
    >>> tasks = [RegressionTask("age"), BinaryTask("sick")]
    >>> trunk = regressor_trunk(features=3, activation="silu")
    >>> build_hard_sharing(3, tasks, trunk=trunk).count_params()
    10418
    """
    if activation is None and leaky_relu:
        activation = "leaky_relu"
    hidden = _hidden_layers(widths, activation, negative_slope, batch_norm)
    return keras.Sequential([keras.Input((features,)), *hidden], name=name)


def activation_layer(
    activation: Activation,
    negative_slope: float = 0.01,
    name: str | None = None,
) -> keras.layers.Layer | None:
    """Make the layer of an activation; None for `None`, "none" and "linear".

    Args:
        activation: The activation, by name or as a function.
        negative_slope: The slope of "leaky_relu" below zero; Keras's default is 0.2.
        name: The layer's name.

    Raises:
        ValueError: If the slope is not finite or the name is unknown.
    """
    if not math.isfinite(negative_slope):
        raise ValueError(
            "Invalid value received for argument `negative_slope`. Expected a "
            f"finite number. Received: negative_slope={negative_slope}"
        )
    if activation in (None, "none", "linear"):
        return None
    if activation == "leaky_relu":
        return keras.layers.LeakyReLU(negative_slope=negative_slope, name=name)
    try:
        keras.activations.get(activation)
    except ValueError as error:
        others = {"deserialize", "get", "serialize"}
        known = sorted(set(dir(keras.activations)) - others)
        raise ValueError(
            "Invalid value received for argument `activation`. Expected the name of "
            f"a Keras activation. Received: activation={activation!r}."
            f"{did_you_mean(str(activation), known)}"
        ) from error
    return keras.layers.Activation(activation, name=name)


def _hidden_layers(
    widths: Sequence[int],
    activation: Activation,
    negative_slope: float,
    batch_norm: bool,
) -> list[keras.layers.Layer]:
    if not widths or any(int(width) != width or width < 1 for width in widths):
        raise ValueError(
            "Invalid value received for argument `widths`. Expected at least one "
            f"layer, each of at least one unit. Received: widths={tuple(widths)}"
        )
    layers: list[keras.layers.Layer] = []
    for index, width in enumerate(widths, start=1):
        layers.append(keras.layers.Dense(width, name=f"dense_{index}"))
        layer = activation_layer(activation, negative_slope, name=f"activation_{index}")
        if layer is not None:
            layers.append(layer)
        if batch_norm:
            layers.append(keras.layers.BatchNormalization(name=f"norm_{index}"))
    return layers
