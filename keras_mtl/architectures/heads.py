"""The heads of all tasks on one representation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast, get_args

import keras

from keras_mtl._core.declarations import ActivationName
from keras_mtl.architectures.blocks import Activation, dense_block
from keras_mtl.layers import (
    HeadStack,
    SplitStack,
    SplitTasks,
    StandardizedOutput,
    TakeStack,
)
from keras_mtl.tasks import Task

__all__ = ["STACKED_FROM", "build_heads"]

# The smallest number of equal heads that become one layer. Fewer heads keep separate
# layers, which are easier to inspect.
STACKED_FROM = 8

# Elementwise activations, which a stack can apply to all units on any axis.
ELEMENTWISE = get_args(ActivationName)


def build_heads(
    representation: Any,
    tasks: Sequence[Task],
    activation: Activation = "relu",
    batch_norm: bool = False,
) -> dict[str, Any]:
    """Add one head per task.

    A head consists of dense layers of the task's `widths` and an output layer. The
    layers are named after the task: `heart_1`, ..., `heart`. If at least `STACKED_FROM`
    heads have the same shape, they become one `HeadStack`, named `heads-1`, ..., and a
    layer that splits its output by task.

    Args:
        representation: The input of the heads, a Keras tensor of shape (N, width) that
            all heads read; or of shape (T, width, N) if each task has its own, in the
            order of the tasks.
        tasks: The resolved tasks.
        activation: The activation of the heads of tasks that have no `activation`.
        batch_norm: Whether a batch normalization precedes each activation.

    Returns:
        A dict by task name, in the order of the tasks, of tensors of shape (N, units).

    Example:

    >>> from keras_mtl.tasks import BinaryTask, RegressionTask
    >>> tasks = [BinaryTask(f"t{i}", widths=(16,)) for i in range(100)]
    >>> inputs = keras.Input((64,))
    >>> outputs = build_heads(inputs, [*tasks, RegressionTask("age")])
    >>> model = keras.Model(inputs, outputs)
    >>> sorted(layer.name for layer in model.layers[1:]), len(model.outputs)
    (['age', 'heads-1', 'heads-1-tasks'], 101)
    """
    # One output layer per kind, to compare shapes: creating one for each of some
    # hundred tasks would take as long as all other code here.
    kinds = {task.kind_of_head: task for task in tasks}
    samples = {kind: task.output_layer() for kind, task in kinds.items()}
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        key = _shape_of_head(task, samples[task.kind_of_head], activation)
        groups.setdefault(key, []).append(task)
    position = {task.name: index for index, task in enumerate(tasks)}
    # The rows of each task's own representation, split when a separate head reads them.
    rows: list[Any] = []
    outputs: dict[str, Any] = {}
    stacks = 0
    for group in groups.values():
        same = [samples[task.kind_of_head] for task in group]
        if len(group) >= STACKED_FROM and _can_stack(group[0], same[0], activation):
            stacks += 1
            name = f"heads-{stacks}"
            stack = _stack(group, same, activation, batch_norm, name)
            names = [task.name for task in group]
            stacked, _ = stack(
                _of_tasks(representation, [position[name] for name in names], name)
            )
            outputs.update(SplitTasks(names, name=f"{name}-tasks")(stacked))
            continue
        for task in group:
            head = representation
            if _is_by_task(representation):
                rows = rows or SplitStack(name="task_representations")(representation)
                head = rows[position[task.name]]
            for index, width in enumerate(task.widths, start=1):
                own = _activation(task, activation)
                name = f"{task.name}_{index}"
                head = dense_block(head, width, own, 0.0, batch_norm, name)
            outputs[task.name] = task.output_layer()(head)
    return {task.name: outputs[task.name] for task in tasks}


def _is_by_task(representation: Any) -> bool:
    return len(representation.shape) == 3


def _of_tasks(representation: Any, positions: list[int], name: str) -> Any:
    """Return the input of a stack of heads: its tasks' part of the representation."""
    if not _is_by_task(representation):
        return representation
    if positions == list(range(representation.shape[0])):
        return representation
    return TakeStack(positions, name=f"{name}-representations")(representation)


def _activation(task: Task, activation: Activation) -> Activation:
    """Return the activation of a head's hidden layers; None without hidden layers."""
    return (task.activation or activation) if task.widths else None


def _shape_of_head(
    task: Task, layer: keras.layers.Layer, activation: Activation
) -> str:
    """Return a text that is the same for heads of equal shape."""
    own = _activation(task, activation)
    config = _shared_config(layer)
    return json.dumps([task.widths, str(own), str(type(layer)), config], default=str)


def _shared_config(layer: keras.layers.Layer) -> dict[str, Any]:
    # The unit of the labels differs by task, and does not change the shape.
    own = ("name", "mean", "scale")
    config: dict[str, Any] = layer.get_config()
    return {key: value for key, value in config.items() if key not in own}


def _can_stack(task: Task, layer: keras.layers.Layer, activation: Activation) -> bool:
    """Return whether a `HeadStack` can replace this head."""
    if _activation(task, activation) not in (None, *ELEMENTWISE):
        return False
    if type(layer) not in (keras.layers.Dense, StandardizedOutput):
        return False
    plain = type(layer)(units=layer.units, activation=layer.activation, dtype="float32")
    return _shared_config(plain) == _shared_config(layer)


def _stack(
    tasks: list[Task],
    layers: list[Any],
    activation: Activation,
    batch_norm: bool,
    name: str,
) -> HeadStack:
    first = layers[0]
    scaled = isinstance(first, StandardizedOutput)
    return HeadStack(
        len(tasks),
        units=first.units,
        widths=tasks[0].widths,
        activation=cast(str | None, _activation(tasks[0], activation)),
        output_activation=keras.activations.serialize(first.activation),
        batch_norm=batch_norm,
        mean=[layer.mean for layer in layers] if scaled else None,
        scale=[layer.scale for layer in layers] if scaled else None,
        name=name,
    )
