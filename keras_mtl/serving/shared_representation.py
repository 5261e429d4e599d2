"""The shared representation: the last tensor that all heads depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from keras_mtl.blocks.model_graph import graph_nodes, node_of
from keras_mtl.model import MultiTaskModel

__all__ = ["SharedRepresentation", "find_core", "shared_representation"]


@dataclass(frozen=True)
class SharedRepresentation:
    """The model from the inputs to the shared representation.

    Attributes:
        model: The model from the same inputs to a tensor of shape (N, width).
        source: `"trunk"`, the last tensor on which all heads depend; `"trunks"`, the
            trunks of an ensemble's members side by side; or `"inputs"`, the encoded
            matrix, if the architecture has no single shared tensor.
    """

    model: keras.Model
    source: str


def shared_representation(model: keras.Model) -> SharedRepresentation | None:
    """Find the shared representation of a model from its graph.

    Args:
        model: A functional model with one output per task.

    Returns:
        The representation, or None if the tasks do not even share an encoded matrix.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask, RegressionTask
    >>> tasks = [BinaryTask("heart", widths=(16,)), RegressionTask("age")]
    >>> model = build_hard_sharing(12, tasks, trunk=(32, 64))
    >>> shared = shared_representation(model)
    >>> shared.source, shared.model.output_shape
    ('trunk', (None, 64))
    """
    found = _find(model)
    if found is None:
        core = find_core(model)
        if core is None:
            return None
        found = core[1], "inputs"
    tensor, source = found
    return SharedRepresentation(keras.Model(model.input, tensor), source)


def find_core(model: keras.Model) -> tuple[MultiTaskModel, Any] | None:
    """Find the model of the encoded matrix within a model of raw features.

    Args:
        model: A functional model.

    Returns:
        The model that directly returns all outputs, and the tensor that it is called
        on; None if the outputs come from layers.
    """
    nodes = {node_of(tensor) for tensor in model.outputs}
    if len(nodes) != 1:
        return None
    (node,) = nodes
    if not isinstance(node.operation, MultiTaskModel) or len(node.input_tensors) != 1:
        return None
    return node.operation, node.input_tensors[0]


def _find(model: keras.Model) -> tuple[Any, str] | None:
    """Return the shared tensor in the model's own graph, and its source."""
    core = find_core(model)
    if core is not None:
        inner = _find(core[0])
        if inner is not None:
            tensor, source = inner
            # No feature has this name.
            trunk = keras.Model(core[0].input, tensor, name="shared.trunk")
            return trunk(core[1]), source
        return None
    members = [
        node
        for node in graph_nodes(model.outputs)
        if isinstance(node.operation, MultiTaskModel)
    ]
    if members:
        trunks = [_find(node.operation) for node in members]
        if None not in trunks:
            tensors = [
                keras.Model(
                    node.operation.input, trunk[0], name=f"shared.trunk_{index}"
                )(*node.input_tensors)
                for index, (node, trunk) in enumerate(zip(members, trunks, strict=True))
                if trunk is not None
            ]
            return keras.layers.Concatenate(name="shared.trunks")(tensors), "trunks"
    trunk = _last_cut(model)
    return None if trunk is None else (trunk, "trunk")


def _last_cut(model: keras.Model) -> Any | None:
    """Return the last tensor that every path from inputs to outputs crosses."""
    inputs = {id(tensor) for tensor in model.inputs}
    outputs = {id(tensor) for tensor in model.outputs}
    cut = None
    for node in graph_nodes(model.outputs):
        for tensor in node.output_tensors:
            if id(tensor) in inputs | outputs or len(tensor.shape) != 2:
                continue
            if all(
                _leads_only_through(output, id(tensor), inputs)
                for output in model.outputs
            ):
                cut = tensor
    return cut


def _leads_only_through(output: Any, tensor: int, inputs: set[int]) -> bool:
    """Return whether a tensor lies on all paths from the inputs to an output."""
    return not any(
        id(parent) in inputs
        for node in graph_nodes([output], stop=tensor)
        for parent in node.output_tensors
    )
