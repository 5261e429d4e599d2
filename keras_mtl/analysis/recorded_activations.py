"""Records of the inputs, outputs and derivatives of a model's activations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

__all__ = ["ActivationSite", "activation_sites", "recorded"]

# Layers that are activations, not layers with an activation.
ACTIVATION_LAYERS = {
    keras.layers.ELU: "elu",
    keras.layers.LeakyReLU: "leaky_relu",
    keras.layers.PReLU: "prelu",
    keras.layers.ReLU: "relu",
}
RECURRENT = (keras.layers.RNN, keras.layers.GRUCell, keras.layers.LSTMCell)
# Activations that are not elementwise: a unit's output depends on other units.
JOINT = ("softmax", "log_softmax", "sparsemax", "glu")

Record = Callable[["ActivationSite", tf.Tensor, tf.Tensor, tf.Tensor], None]


class ActivationSite:
    """A place in a model at which an elementwise activation is applied.

    Attributes:
        name: The layer's name, after the names of the models and layers that contain
            it.
        activation: The activation's name.
        layer: The layer.
        attribute: The layer's attribute that applies the activation.
    """

    def __init__(self, name: str, activation: str, layer: Any, attribute: str) -> None:
        self.name = name
        self.activation = activation
        self.layer = layer
        self.attribute = attribute

    def by_unit(self, values: np.ndarray) -> np.ndarray:
        """Return values of the site's outputs as a matrix with one column per unit."""
        rows_axis = getattr(self.layer, "rows_axis", None)
        if rows_axis is None:
            return values.reshape(-1, values.shape[-1])
        rows = values.shape[rows_axis]
        return np.moveaxis(values, rows_axis, 0).reshape(rows, -1)

    @contextmanager
    def watched(self, record: Record) -> Iterator[None]:
        """Call `record` with the inputs, the outputs and the derivatives."""
        original = getattr(self.layer, self.attribute)

        def watching(inputs: Any, *arguments: Any, **keywords: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                outputs = original(inputs, *arguments, **keywords)
            slopes = tape.gradient(
                outputs, inputs, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            record(self, inputs, outputs, slopes)
            return outputs

        setattr(self.layer, self.attribute, watching)
        try:
            yield
        finally:
            if self.attribute == "call":
                # The class's own method is visible again.
                delattr(self.layer, "call")
            else:
                setattr(self.layer, self.attribute, original)


def activation_sites(model: keras.layers.Layer) -> list[ActivationSite]:
    """List a model's activations, including those of nested models.

    Linear activations, activations that are not elementwise, such as softmax, and
    recurrent layers are left out.

    Args:
        model: Any Keras model or layer.

    Returns:
        The sites in the order of the layers, one per layer.
    """
    sites: list[ActivationSite] = []
    _collect(model, "", set(), sites)
    return sites


@contextmanager
def recorded(sites: list[ActivationSite], record: Record) -> Iterator[None]:
    """Record all sites while the context lasts; see `ActivationSite.watched`."""
    with ExitStack() as stack:
        for site in sites:
            stack.enter_context(site.watched(record))
        yield


def _collect(
    layer: Any, prefix: str, seen: set[int], sites: list[ActivationSite]
) -> None:
    # A layer that consists of layers has no attribute `layers`.
    for part in layer._flatten_layers(include_self=False, recursive=False):
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, RECURRENT):
            continue
        name = f"{prefix}{part.name}"
        activation = getattr(part, "activation", None)
        if type(part) in ACTIVATION_LAYERS:
            kind = ACTIVATION_LAYERS[type(part)]
            sites.append(ActivationSite(name, kind, part, "call"))
        elif callable(activation):
            kind = getattr(activation, "__name__", type(activation).__name__)
            if kind not in (*JOINT, "linear"):
                sites.append(ActivationSite(name, kind, part, "activation"))
        _collect(part, f"{name}/", seen, sites)
