"""A model without its auxiliary tasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras

from keras_mtl.blocks.model_graph import graph_nodes, node_of
from keras_mtl.errors import UserError
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["require_independence", "without_auxiliary"]


def without_auxiliary(model: MultiTaskModel) -> MultiTaskModel:
    """Return a model without the auxiliary tasks.

    Layers that only auxiliary tasks use are left out. Both models share the other
    layers, so further training of one model also changes the other.

    Args:
        model: A model of an encoded matrix or of raw features, as returned by a
            builder, `average_members` or `join_encoder`.

    Returns:
        The model, not compiled; the given model if it has no auxiliary tasks.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask, RegressionTask
    >>> tasks = [BinaryTask("heart"), RegressionTask("chol", auxiliary=True)]
    >>> model = build_hard_sharing(4, tasks)
    >>> [*without_auxiliary(model).output], "chol" in {
    ...     layer.name for layer in without_auxiliary(model).layers
    ... }
    (['heart'], False)
    """
    kept = [task for task in model.tasks if not task.auxiliary]
    if len(kept) == len(model.tasks):
        return model
    inner: dict[int, MultiTaskModel] = {}
    # The layers that average members are created again, on members without the tasks.
    return MultiTaskModel(
        model.input,
        {task.name: _output(model, task.name, inner) for task in kept},
        name=model.name,
        tasks=kept,
        features=model.features,
    )


def _output(model: MultiTaskModel, name: str, inner: dict[int, Any]) -> Any:
    """Return an output, with nested models replaced by ones without auxiliary tasks."""
    tensor = model.output[name]
    node = node_of(tensor)
    if isinstance(node.operation, MultiTaskModel):
        return _called(node, inner)[name]
    calls = [node_of(each) for each in node.input_tensors]
    if isinstance(node.operation, keras.layers.Average) and all(
        isinstance(call.operation, MultiTaskModel) for call in calls
    ):
        layer = type(node.operation).from_config(node.operation.get_config())
        return layer([_called(call, inner)[name] for call in calls])
    return tensor


def _called(node: Any, inner: dict[int, Any]) -> dict[str, Any]:
    """Call a node's model without its auxiliary tasks on the same tensors."""
    if id(node) not in inner:
        model = without_auxiliary(node.operation)
        structure = node.operation.input
        inner[id(node)] = model(
            keras.tree.pack_sequence_as(structure, node.input_tensors)
        )
    outputs: dict[str, Any] = inner[id(node)]
    return outputs


def require_independence(tasks: Sequence[Task], outputs: dict[str, Any]) -> None:
    """Check that no prediction depends on the output of an auxiliary task.

    Args:
        tasks: The tasks.
        outputs: The tensors of a functional model by task name.

    Raises:
        UserError: With one message per task whose prediction does.
    """
    helpers = {id(outputs[task.name]): task.name for task in tasks if task.auxiliary}
    if not helpers:
        return
    messages = []
    for task in tasks:
        if not task.auxiliary:
            read = {*_read_outputs(outputs[task.name], helpers)}
            messages += [
                f"task {task.name!r}: expected a task that is predicted without "
                f"auxiliary tasks. Received: one whose head reads the output of "
                f"{name!r}. Make {name!r} a task that is not auxiliary, or choose an "
                "architecture in which the tasks do not depend on each other."
                for name in sorted(read)
            ]
    if messages:
        raise UserError(*messages)


def _read_outputs(output: Any, helpers: dict[int, str]) -> Iterable[str]:
    for node in graph_nodes([output]):
        for tensor in node.input_tensors:
            if id(tensor) in helpers:
                yield helpers[id(tensor)]
