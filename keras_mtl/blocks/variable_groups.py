"""Classification of a model's variables as shared or private."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras

from keras_mtl.blocks.model_graph import core_model, graph_nodes, node_of
from keras_mtl.blocks.task_sources import find_sources

__all__ = ["VariableGroups", "group_variables"]


class VariableGroups(NamedTuple):
    """Positions in a model's `trainable_variables`.

    Attributes:
        shared: The variables on which two or more tasks depend, for example those of
            the trunk or of an expert. With one task, trunk and head cannot be
            distinguished, and all variables are shared.
        private: The other variables, for example those of the heads; and variables
            whose first axis has one slice per task: the variables of a `HeadStack`, and
            those that a layer lists as its `task_variables`.
        last_shared: The variables of the last layer that most tasks share.
        owners: The positions of the tasks of each private variable: one task, or the
            tasks of its slices in order.
    """

    shared: tuple[int, ...]
    private: tuple[int, ...]
    last_shared: tuple[int, ...]
    owners: tuple[tuple[int, ...], ...]


def group_variables(model: keras.Model) -> VariableGroups:
    """Find the variables that several tasks share, from the graph.

    Args:
        model: A functional model whose outputs are a dict by task name.

    Returns:
        The groups.
    """
    variables = model.trainable_variables
    place = {variable.path: index for index, variable in enumerate(variables)}
    core = core_model(model)
    outputs = list(core.output.values())
    stacks = {
        id(source.stack): source.tasks
        for source in find_sources(core.output)
        if source.stack is not None
    }
    users: list[set[int]] = [set() for _ in variables]
    in_order: dict[int, tuple[int, ...]] = {}
    for layer, tasks in _tasks_of_layers(outputs):
        for variable in layer.trainable_variables:
            users[place[variable.path]] |= tasks
            if id(layer) in stacks:
                in_order[place[variable.path]] = stacks[id(layer)]
        if len(outputs) > 1:
            for variable in getattr(layer, "task_variables", ()):
                in_order[place[variable.path]] = _check_split(variable, len(outputs))
    several = 2 if len(outputs) > 1 else 1
    shared = tuple(
        index
        for index, tasks in enumerate(users)
        if len(tasks) >= several and index not in in_order
    )
    private = tuple(index for index in range(len(users)) if index not in shared)
    # A variable that no task uses is assigned to the first task.
    owners = tuple(in_order.get(i) or tuple(users[i]) or (0,) for i in private)
    counts = [len(tasks) for tasks in users]
    last = _last_layer(core, place, counts, shared)
    return VariableGroups(shared, private, last, owners)


def _check_split(variable: Any, tasks: int) -> tuple[int, ...]:
    """Return all tasks, after checking that a variable has one slice per task."""
    if not variable.shape or variable.shape[0] % tasks:
        raise ValueError(
            f"Invalid variable {variable.path!r} in `task_variables`. Expected a "
            f"first axis that is split by {tasks} tasks. Received: "
            f"shape={tuple(variable.shape)}"
        )
    return tuple(range(tasks))


def _tasks_of_layers(outputs: list[Any]) -> list[tuple[Any, set[int]]]:
    """Return the layer of each call with the positions of its dependent tasks."""
    nodes = graph_nodes(outputs)
    tasks: dict[int, set[int]] = {id(node): set() for node in nodes}
    for index, tensor in enumerate(outputs):
        tasks[id(node_of(tensor))].add(index)
    # Backward from the outputs.
    for node in reversed(nodes):
        for parent in node.input_tensors:
            tasks[id(node_of(parent))] |= tasks[id(node)]
    return [(node.operation, tasks[id(node)]) for node in nodes]


def _last_layer(
    core: keras.Model,
    place: dict[str, int],
    users: list[int],
    shared: tuple[int, ...],
) -> tuple[int, ...]:
    most = max((users[index] for index in shared), default=0)
    last: tuple[int, ...] = ()
    for layer in core.layers:
        indices = tuple(place[v.path] for v in layer.trainable_variables)
        if indices and all(index in shared for index in indices):
            # Layers are in the order of the graph.
            last = indices if users[indices[0]] == most else last
    # If no whole layer is shared, all shared variables are used.
    return last or shared
