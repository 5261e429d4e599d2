"""Walking through the graph of a functional model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from keras_mtl.layers import HeadStack

__all__ = ["core_model", "graph_nodes", "node_of", "row_size"]


def graph_nodes(tensors: Iterable[Any], stop: int | None = None) -> list[Any]:
    """Returns the calls of layers that lead to some tensors, those before first.

    Args:
        tensors: Keras tensors of one model.
        stop: The `id` of a tensor behind which not to look.
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
    """Returns the call of a layer that made a tensor."""
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


def core_model(model: keras.Model) -> keras.Model:
    """Looks into a model that only puts an encoder before another one."""
    names = list(model.output)
    for layer in model.layers:
        if isinstance(layer, keras.Model) and isinstance(layer.output, dict):
            same = list(layer.output) == names
            alone = len(layer.trainable_variables) == len(model.trainable_variables)
            if same and alone:
                return core_model(layer)
    return model


def row_size(model: keras.Model, inside_stacks: bool = False) -> int:
    """Returns how many numbers all layers make of one row.

    Args:
        model: The model.
        inside_stacks: Whether the hidden units of a `HeadStack` count.
    """
    total = 0
    for node in graph_nodes(model.outputs):
        for tensor in node.output_tensors:
            # An axis of unknown length, of time say, counts once.
            total += int(np.prod([length or 1 for length in tensor.shape[1:]]))
        layer = node.operation
        if isinstance(layer, keras.Model):
            total += row_size(layer, inside_stacks)
        elif inside_stacks and isinstance(layer, HeadStack):
            total += len(layer.tasks) * sum(layer.widths)
    return total
