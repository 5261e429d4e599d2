"""The trunk of a trained model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import keras

from keras_mtl.blocks.model_graph import graph_nodes
from keras_mtl.layers import SplitStack, SupportKernel
from keras_mtl.model import MultiTaskModel
from keras_mtl.serving.network import find_ensemble
from keras_mtl.serving.shared_representation import find_core

__all__ = ["TRUNK", "copy_trunk", "set_frozen", "trained_members", "trunks"]

# The name of the trunk, a model within the model.
TRUNK = "trunk"


def trained_members(model: MultiTaskModel) -> list[MultiTaskModel]:
    """Return the members of a model of raw features or of an encoded matrix.

    Args:
        model: The model; one that is not an ensemble is its only member.
    """
    found = find_core(model)
    core = model if found is None else found[0]
    ensemble = find_ensemble(core)
    return [core] if ensemble is None else ensemble.members


def copy_trunk(member: MultiTaskModel) -> keras.Model:
    """Return a copy of the layers before the heads, with their weights.

    The output is the last tensor that all heads depend on. If each task has its own
    representation, as after gates, cross-stitches or trunks per task, the output is the
    concatenation of all representations.

    Args:
        member: A functional model that is not an ensemble.

    Returns:
        A model named `trunk`, from the member's input to (N, width).

    Raises:
        ValueError: If all layers belong to heads.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart", widths=(16,)), BinaryTask("lung")]
    >>> copy_trunk(build_hard_sharing(12, tasks, trunk=(32, 64))).output_shape
    (None, 64)
    """
    tensor = _before_heads(member)
    if tensor is None:
        raise ValueError(
            "Invalid value received for argument `model`. Expected layers before the "
            "heads, whose weights a new task can use. Received: a model whose tasks "
            f"{[task.name for task in member.tasks]} have nothing but heads."
        )
    if len(tensor.shape) == 3:
        rows = SplitStack(name="task_representations")(tensor)
        tensor = keras.layers.Concatenate(name="representations")(rows)
    found = keras.Model(member.input, tensor)
    copy = keras.models.clone_model(found)
    copy.set_weights(found.get_weights())
    copy.name = TRUNK
    return copy


def trunks(model: keras.Model) -> list[keras.Model]:
    """Return the trunks of a model that `new_head` made: one per member.

    Raises:
        ValueError: If it has none.
    """
    found: list[keras.Model] = []
    for member in trained_members(model):
        named = [layer for layer in member.layers if layer.name == TRUNK]
        found += [layer for layer in named if isinstance(layer, keras.Model)]
    if not found:
        raise ValueError(
            "Invalid value received for argument `model`. Expected a model with a "
            f"trunk, as `new_head` makes it. Received: {model.name!r}, without a model "
            f"named {TRUNK!r}."
        )
    return found


def set_frozen(trunk: keras.Model, frozen: bool) -> None:
    """Freeze a trunk, or unfreeze all of it but its batch normalizations.

    The means and variances of a few rows would take the place of those that
    the trunk's weights were trained with.
    """
    trunk.trainable = not frozen
    for layer in trunk._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def _before_heads(model: MultiTaskModel) -> Any | None:
    """Return the last tensor on all ways from inputs to outputs, before heads."""
    inputs = {id(tensor) for tensor in model.inputs}
    outputs = {id(tensor) for tensor in model.outputs}
    cut = None
    for node in graph_nodes(model.outputs):
        # A kernel layer gives the scores of tasks, not a representation of rows.
        if isinstance(node.operation, SupportKernel) or _is_in_head(
            node.operation, model
        ):
            continue
        for tensor in node.output_tensors:
            if id(tensor) in inputs | outputs or not _is_representation(tensor):
                continue
            if _is_on_all_ways(model.outputs, tensor, inputs):
                cut = tensor
    return cut


def _is_representation(tensor: Any) -> bool:
    """Return whether a tensor is (N, width), or a stack (T, width, N)."""
    shape = tensor.shape
    if len(shape) == 3:
        return shape[0] is not None and shape[1] is not None and shape[2] is None
    return len(shape) == 2 and shape[0] is None


def _is_in_head(layer: Any, model: MultiTaskModel) -> bool:
    """Return whether `build_heads` named a layer so, as one of a task's head.

    With one task the graph does not show where the head begins.
    """
    names = "|".join(re.escape(task.name) for task in model.tasks)
    return re.fullmatch(rf"({names})_\d+(_\w+)?", layer.name) is not None


def _is_on_all_ways(outputs: Sequence[Any], tensor: Any, inputs: set[int]) -> bool:
    return not any(
        id(parent) in inputs
        for output in outputs
        for node in graph_nodes([output], stop=id(tensor))
        for parent in node.output_tensors
    )
