"""Members of different widths as members of one architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_mtl.errors import UserError

__all__ = [
    "can_be_narrowed",
    "check_widths",
    "crop_weights",
    "narrow_weights",
    "parameters_saved",
]

# Layers that compute each unit from the same unit of their input.
UNITWISE = (keras.layers.Dropout, keras.layers.Activation)


class _Kernel(NamedTuple):
    """The axes of a dense layer, and what a narrow member uses of them."""

    layer: Any
    feeding: str | None


def narrow_weights(
    model: Any,
    weights: Sequence[np.ndarray],
    widths: Mapping[str, Sequence[int]],
) -> list[np.ndarray]:
    """Make members narrower, so that they stay so in all of their training.

    A member that uses the first n of a layer's units has zeros in all weights that
    lead to the other units and in those that leave them. With an activation that
    maps 0 to 0 such a unit gives 0, and both its gradients are 0: the member is
    trained exactly as a network of that width. Only its initial weights have to be
    those of the narrow network as well: where an initializer's scale depends on the
    number of a kernel's inputs and outputs (`VarianceScaling`: Glorot's, He's and
    LeCun's), the remaining weights are scaled to the narrow numbers.

    Args:
        model: The architecture with its largest widths.
        weights: For each trainable variable the members' initial values, (K, ...).
        widths: By the name of a `keras.layers.Dense` layer, the members' numbers of
            units, (K,).

    Returns:
        The values, of the same shapes.

    Raises:
        UserError: If a layer is not found or is not dense, a width is greater than
            the layer's, or what follows would not keep the other units at 0.
    """
    kernels = _kernels(model, widths)
    positions = {id(each): i for i, each in enumerate(model.trainable_variables)}
    narrow = list(weights)
    for kernel in kernels:
        layer = kernel.layer
        inputs, outputs = layer.kernel.shape
        members = len(weights[0])
        own_inputs = np.asarray(widths.get(kernel.feeding or "", [inputs] * members))
        own_outputs = np.asarray(widths.get(layer.name, [outputs] * members))
        place = positions.get(id(layer.kernel))
        if place is not None:
            live = (np.arange(inputs) < own_inputs[:, None])[:, :, None] & (
                np.arange(outputs) < own_outputs[:, None]
            )[:, None, :]
            scales = [
                _scale(layer.kernel_initializer, (inputs, outputs), own)
                for own in zip(own_inputs, own_outputs, strict=True)
            ]
            factor = np.asarray(scales, weights[place].dtype)[:, None, None]
            narrow[place] = np.where(live, weights[place] * factor, 0)
        place = positions.get(id(layer.bias)) if layer.use_bias else None
        if place is not None:
            live = np.arange(outputs) < own_outputs[:, None]
            narrow[place] = np.where(live, weights[place], 0)
    return narrow


def crop_weights(model: Any, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Take the first part of the weights of a wider model of the same layers.

    Args:
        model: The architecture.
        weights: For each trainable variable of the wider model the members' values,
            (K, ...).

    Raises:
        UserError: If the other model has other layers, or is not wider.
    """
    shapes = [tuple(each.shape) for each in model.trainable_variables]
    wide = [each.shape[1:] for each in weights]
    fits = [
        len(own) == len(other) and all(a <= b for a, b in zip(own, other, strict=True))
        for own, other in zip(shapes, wide, strict=False)
    ]
    if len(shapes) != len(wide) or not all(fits):
        raise UserError(
            "Invalid value received for argument `wider`. Expected a model of the "
            f"same layers, at least as wide. Received: shapes {wide} for "
            f"{shapes}."
        )
    return [
        values[(slice(None), *map(slice, shape))]
        for values, shape in zip(weights, shapes, strict=True)
    ]


def check_widths(model: Any, widths: Mapping[str, Sequence[int]]) -> None:
    """Raise a `UserError` where members cannot have these widths."""
    _kernels(model, widths)


def parameters_saved(model: Any, widths: Mapping[str, int]) -> int:
    """Return how many parameters a narrow member has fewer than the full model.

    Args:
        model: The architecture with its largest widths.
        widths: The member's numbers of units by layer name.
    """
    saved = 0
    for layer, feeding in _kernels(model, {k: [v] for k, v in widths.items()}):
        inputs, outputs = layer.kernel.shape
        own_outputs = widths.get(layer.name, outputs)
        saved += inputs * outputs - widths.get(feeding or "", inputs) * own_outputs
        saved += (outputs - own_outputs) * bool(layer.use_bias)
    return int(saved)


def can_be_narrowed(model: Any, names: Sequence[str]) -> bool:
    """Return whether members can have different widths in all these layers.

    Args:
        model: The architecture.
        names: The names of the layers.
    """
    try:
        _kernels(model, {name: [1] for name in names})
    except UserError:
        return False
    return True


def _kernels(model: Any, widths: Mapping[str, Sequence[int]]) -> list[_Kernel]:
    """Find the dense layers that have narrow inputs or outputs."""
    layers: dict[str, Any] = {layer.name: layer for layer in model.layers}
    errors = []
    for name, values in widths.items():
        layer: Any = layers.get(name)
        if type(layer) is not keras.layers.Dense:
            known = [
                each.name
                for each in layers.values()
                if type(each) is keras.layers.Dense
            ]
            errors.append(
                f"Invalid name received for `widths`. Expected a Dense layer of the "
                f"architecture, one of {', '.join(known)}. Received: {name!r}."
            )
        elif not all(1 <= value <= layer.units for value in values):
            errors.append(
                f"Invalid value received for `widths` of {name!r}. Expected numbers "
                f"from 1 to the layer's {layer.units} units. Received: "
                f"{list(values)[:3]}."
            )
        elif not _keeps_zero(layer.activation):
            errors.append(
                f"Invalid value received for `widths` of {name!r}. Expected a layer "
                "whose activation maps 0 to 0, such as relu, gelu, silu or tanh. "
                f"Received: {getattr(layer.activation, '__name__', layer.activation)}."
            )
    if errors:
        raise UserError(*errors)
    # By the identity of a tensor, the narrow layer whose units it holds.
    feeding: dict[int, str] = {}
    kernels = []
    for layer in layers.values():
        if isinstance(layer, keras.layers.InputLayer):
            continue
        sources = {
            feeding[id(tensor)]
            for tensor in keras.tree.flatten(layer.input)
            if id(tensor) in feeding
        }
        outputs = keras.tree.flatten(layer.output)
        dense = isinstance(layer, keras.layers.Dense)
        if layer.name in widths:
            feeding[id(outputs[0])] = layer.name
        elif sources and isinstance(layer, UNITWISE) and _layer_keeps_zero(layer):
            feeding[id(outputs[0])] = next(iter(sources))
        elif sources and not dense:
            raise UserError(
                "Invalid value received for `widths`. Expected layers that only "
                f"dense layers, dropout and activations follow. Received: "
                f"{', '.join(sorted(sources))}, followed by {layer.name} "
                f"({type(layer).__name__})."
            )
        if dense and (sources or layer.name in widths):
            kernels.append(_Kernel(layer, next(iter(sources), None)))
    return kernels


def _keeps_zero(activation: Any) -> bool:
    if activation is None or activation is keras.activations.linear:
        return True
    # Softmax, which looks at all units, gives 1 for a single one.
    value = keras.ops.convert_to_numpy(activation(keras.ops.zeros((1, 1))))
    return bool((value == 0).all())


def _layer_keeps_zero(layer: Any) -> bool:
    return isinstance(layer, keras.layers.Dropout) or _keeps_zero(layer.activation)


def _scale(initializer: Any, wide: tuple[int, int], narrow: tuple[int, int]) -> float:
    if not isinstance(initializer, keras.initializers.VarianceScaling):
        return 1.0
    fans = {
        "fan_in": (wide[0], narrow[0]),
        "fan_out": (wide[1], narrow[1]),
        "fan_avg": (sum(wide), sum(narrow)),
    }
    greater, less = fans[initializer.mode]
    return float(np.sqrt(greater / less))
