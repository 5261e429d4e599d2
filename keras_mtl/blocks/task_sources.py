"""The tensors of a model's graph that have the tasks' outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from keras_mtl.blocks.model_graph import call_like_core, graph_nodes, node_of
from keras_mtl.layers import HeadStack, SplitTasks

__all__ = ["TaskSource", "find_sources", "source_model"]


@dataclass(frozen=True)
class TaskSource:
    """A Keras tensor that has the outputs of one or several tasks.

    Attributes:
        tasks: The tasks' positions in the model; for a split tensor, in the order of
            its first axis.
        tensor: The outputs.
        is_split: Whether `SplitTasks` makes the named outputs from the tensor, of shape
            (T, N, units). Otherwise the tensor is a named output, (N, ...).
        stack: The `HeadStack` that computes the outputs, or None.
        shares_input: Whether all heads of the stack read one representation, at which
            their backward passes join.
    """

    tasks: tuple[int, ...]
    tensor: Any
    is_split: bool = False
    stack: HeadStack | None = None
    shares_input: bool = False

    @property
    def tensors(self) -> list[Any]:
        """The tensors that a training step reads.

        These are the outputs; and, for a stack whose heads read one representation,
        this representation and its products with the heads' first kernels.
        """
        if not self.shares_input:
            return [self.tensor]
        node = node_of(self.tensor)
        return [self.tensor, node.input_tensors[0], node.output_tensors[1]]


def find_sources(outputs: Mapping[str, Any]) -> tuple[TaskSource, ...]:
    """Find the tensors that have the outputs of a model's tasks.

    Args:
        outputs: The Keras tensors that a functional model returns, by task name.

    Returns:
        The sources, in the order of their first tasks.
    """
    task_of = {id(tensor): task for task, tensor in enumerate(outputs.values())}
    sources = []
    for node in graph_nodes(outputs.values()):
        if isinstance(node.operation, SplitTasks):
            source = _split_source(node, task_of)
            if source is not None:
                sources.append(source)
    found = {task for source in sources for task in source.tasks}
    sources += [
        TaskSource((task,), tensor)
        for task, tensor in enumerate(outputs.values())
        if task not in found
    ]
    return tuple(sorted(sources, key=lambda source: source.tasks[0]))


def source_model(
    model: keras.Model, core: keras.Model, sources: Sequence[TaskSource]
) -> keras.Model:
    """Return the model that computes the sources' `tensors`, in one list.

    Args:
        model: A functional model.
        core: The model's `core_model`.
        sources: The sources in the core's graph.
    """
    tensors = [tensor for source in sources for tensor in source.tensors]
    return call_like_core(model, keras.Model(core.input, tensors))


def _split_source(node: Any, task_of: Mapping[int, int]) -> TaskSource | None:
    """Return the source that a call of `SplitTasks` splits.

    The result is None if a returned tensor is not an output of the model, for example
    because other layers follow.
    """
    # Keras flattens a dict of tensors, in its own order.
    names = node.operation.tasks
    order = keras.tree.flatten({name: i for i, name in enumerate(names)})
    flat = dict(zip(order, node.output_tensors, strict=True))
    made = [id(flat[position]) for position in range(len(flat))]
    if any(tensor not in task_of for tensor in made):
        return None
    (tensor,) = node.input_tensors
    parent = node_of(tensor)
    layer = parent.operation
    # The variables of a layer that is called twice have the gradients of two tasks.
    alone = isinstance(layer, HeadStack) and len(layer._inbound_nodes) == 1
    return TaskSource(
        tuple(task_of[each] for each in made),
        tensor,
        is_split=True,
        stack=layer if alone else None,
        shares_input=alone and len(parent.input_tensors[0].shape) == 2,
    )
