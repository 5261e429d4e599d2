"""The straight line that a stack of layers without activations computes."""

from __future__ import annotations

import keras
import numpy as np

__all__ = ["collapse_to_line"]


def collapse_to_line(model: keras.Sequential) -> tuple[np.ndarray, np.ndarray]:
    """Multiply a stack of linear layers out to one kernel and one bias.

    A dense layer is x W + b. A batch normalization at inference is also linear, since
    its running mean and variance are constants. The stack is therefore a single x W +
    b, which is computed in double precision.

    Args:
        model: A built `keras.Sequential` of dense layers without activation,
            batch normalizations and linear activations.

    Returns:
        The kernel, (inputs, outputs), and the bias, (outputs,). The model's prediction
        for x is `x @ kernel + bias`.

    Raises:
        ValueError: If a layer is not linear, or is of an unknown kind.

    Example:

    >>> from keras_mtl.architectures.regressors import build_regressor
    >>> model = build_regressor(leaky_relu=False)
    >>> kernel, bias = collapse_to_line(model)
    >>> x = np.linspace(-1, 1, 5)[:, None]
    >>> bool(np.allclose(model(x), x @ kernel + bias, atol=1e-4))
    True
    """
    kernel = np.eye(model.input_shape[-1])
    bias = np.zeros(model.input_shape[-1])
    for layer in model.layers:
        weight, shift = _as_line(layer)
        kernel, bias = kernel @ weight, bias @ weight + shift
    return kernel, bias


def _as_line(layer: keras.layers.Layer) -> tuple[np.ndarray, np.ndarray]:
    values = {
        variable.name: np.asarray(variable.numpy(), "float64")
        for variable in layer.variables
    }
    linear = getattr(layer, "activation", None) in (None, keras.activations.linear)
    if isinstance(layer, keras.layers.Dense) and linear:
        weight = values["kernel"]
        return weight, values.get("bias", np.zeros(weight.shape[1]))
    if isinstance(layer, keras.layers.BatchNormalization):
        mean, variance = values["moving_mean"], values["moving_variance"]
        factor = values.get("gamma", 1.0) / np.sqrt(variance + layer.epsilon)
        return np.diag(factor), values.get("beta", 0.0) - mean * factor
    if isinstance(layer, keras.layers.Activation) and linear:
        width = layer.output.shape[-1]
        return np.eye(width), np.zeros(width)
    raise ValueError(
        "Invalid value received for argument `model`. Expected dense layers without "
        "activation and batch normalizations. Received: layer "
        f"{layer.name!r} ({type(layer).__name__})"
    )
