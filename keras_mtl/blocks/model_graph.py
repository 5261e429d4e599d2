"""Functions that traverse the graph of a functional model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from keras_mtl.layers import HeadStack

__all__ = ["call_like_core", "core_model", "graph_nodes", "node_of", "row_size"]


def graph_nodes(tensors: Iterable[Any], stop: int | None = None) -> list[Any]:
    """Return the layer calls that lead to some tensors, inputs first.

    Args:
        tensors: Keras tensors of one model.
        stop: The `id` of a tensor at which the search stops.
    """
    order: list[Any] = []
    seen: set[int] = set()

    def visit(tensor: Any) -> None:
        if id(tensor) == stop:
            return
        node = node_of(tensor)
        if id(node) in seen:
            return
        seen.add(id(node))
        for parent in node.input_tensors:
            visit(parent)
        order.append(node)

    for tensor in tensors:
        visit(tensor)
    return order


def node_of(tensor: Any) -> Any:
    """Return the layer call that made a tensor."""
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


def core_model(model: keras.Model) -> keras.Model:
    """Return the model whose outputs a model returns unchanged.

    The core is the model itself, or the model that it calls after an encoder.
    """
    node = _core_node(model)
    return model if node is None else core_model(node.operation)


def call_like_core(model: keras.Model, other: keras.Model) -> keras.Model:
    """Return a model that calls `other` in place of the core of `model`.

    Args:
        model: A functional model.
        other: A model with the inputs of its `core_model`.
    """
    node = _core_node(model)
    if node is None:
        return other
    inner = call_like_core(node.operation, other)
    inputs = keras.tree.pack_sequence_as(node.operation.input, node.input_tensors)
    return keras.Model(model.input, inner(inputs))


def _without_rows(tensor: Any) -> tuple[int | None, ...]:
    shape: tuple[int | None, ...] = tuple(tensor.shape)
    return shape[:-1] if len(shape) > 2 and shape[-1] is None else shape[1:]


def _core_node(model: keras.Model) -> Any | None:
    """Return the call of the model from which all outputs come, or None."""
    nodes = {id(node_of(tensor)): node_of(tensor) for tensor in model.outputs}
    if len(nodes) != 1:
        return None
    (node,) = nodes.values()
    core = node.operation
    if not isinstance(core, keras.Model) or not isinstance(core.output, dict):
        return None
    # Keras flattens a dict of tensors, in its own order.
    made = keras.tree.pack_sequence_as(core.output, node.output_tensors)
    outputs = list(model.output.items())
    same = [(name, id(tensor)) for name, tensor in made.items()] == [
        (name, id(tensor)) for name, tensor in outputs
    ]
    whole = len(core.trainable_variables) == len(model.trainable_variables)
    return node if same and whole else None


def row_size(model: keras.Model, inside_stacks: bool = False) -> int:
    """Return the number of all layers' outputs for one row.

    Args:
        model: The model.
        inside_stacks: Whether layers inside of a `HeadStack` count.
    """
    total = 0
    for node in graph_nodes(model.outputs):
        layer = node.operation
        if isinstance(layer, HeadStack):
            if inside_stacks:
                total += layer.heads * sum(layer.widths)
            continue
        for tensor in node.output_tensors:
            # An axis of unknown length, of rows or of time, counts as 1. Rows are the
            # first axis, or the last axis after a stack of layers.
            lengths = tensor.shape if tensor.shape[0] is None else _without_rows(tensor)
            total += int(np.prod([length or 1 for length in lengths]))
        if isinstance(layer, keras.Model):
            total += row_size(layer, inside_stacks)
    return total
