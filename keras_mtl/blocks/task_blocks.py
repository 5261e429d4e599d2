"""Blocks of tasks, which a training step computes at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.blocks.task_sources import TaskSource
from keras_mtl.losses import MaskedLoss
from keras_mtl.metrics import can_stack_metric
from keras_mtl.tasks import Task

__all__ = ["TaskBlock", "TaskBlocks", "make_blocks"]

# A task's position, its loss and its metrics.
Member = tuple[int, Any, list[Any]]


@dataclass(frozen=True)
class TaskBlock:
    """Tasks of one kind and shape, with one loss and one set of metrics.

    A task whose loss or metrics cannot be computed together with those of another task
    is a block of one.

    Attributes:
        tasks: The tasks' positions in the model.
        names: The tasks' names.
        source: The position of the `TaskSource` that has the tasks' outputs.
        axis_positions: The tasks' positions on the first axis of the source; None for a
            source that is one task's output.
        loss: The loss of all tasks. Settings that differ are arrays.
        metrics: The metrics of all tasks, likewise.
        is_batched: Whether `loss` is a `MaskedLoss` with `of_tasks`; otherwise it is
            the loss of one task, or None.
        classes: The number of exclusive classes, or 0. Labels with this many columns
            are one-hot rows.
    """

    tasks: tuple[int, ...]
    names: tuple[str, ...]
    source: int
    axis_positions: tuple[int, ...] | None
    loss: Any
    metrics: tuple[Any, ...]
    is_batched: bool
    classes: int = 0

    def __len__(self) -> int:
        return len(self.tasks)


@dataclass(frozen=True)
class TaskBlocks:
    """All blocks of a model.

    Attributes:
        names: The tasks' names, in the model's order.
        blocks: The blocks, in the order of their first tasks.
    """

    names: tuple[str, ...]
    blocks: tuple[TaskBlock, ...]

    @property
    def positions(self) -> list[int]:
        """The position of each task in the concatenated blocks."""
        order = [task for block in self.blocks for task in block.tasks]
        return sorted(range(len(order)), key=order.__getitem__)

    def in_order(self, vectors: Sequence[Any]) -> Any:
        """Join the blocks' vectors in the tasks' order, (T,)."""
        joined = vectors[0] if len(vectors) == 1 else ops.concatenate(vectors)
        positions = self.positions
        in_order = positions == list(range(len(positions)))
        return joined if in_order else ops.take(joined, positions)

    def by_block(self, values: Any) -> list[Any]:
        """Split values in the tasks' order, (T,), by block."""
        parts = []
        for block in self.blocks:
            first, count = block.tasks[0], len(block)
            if block.tasks == tuple(range(first, first + count)):
                # XLA and TensorFlow remove a slice of all values.
                parts.append(values[first : first + count])
            else:
                parts.append(ops.take(values, list(block.tasks)))
        return parts

    def by_task(self, values: Sequence[Any], axis: int = 0) -> dict[str, Any]:
        """Split the blocks' values by task name.

        Args:
            values: One tensor per block, or None.
            axis: The axis of the tasks.

        Returns:
            The values by task name, in the tasks' order, without the tasks of a block
            of None.
        """
        named: dict[str, Any] = {}
        for block, value in zip(self.blocks, values, strict=True):
            if value is not None:
                parts = ops.unstack(value, len(block), axis=axis)
                named.update(zip(block.names, parts, strict=True))
        return {name: named[name] for name in self.names if name in named}


def make_blocks(
    tasks: Sequence[Task],
    sources: Sequence[TaskSource],
    losses: Mapping[str, Any] | None = None,
    own_metrics: Collection[str] = (),
) -> TaskBlocks:
    """Put tasks into blocks.

    Args:
        tasks: The tasks.
        sources: The tensors that have the tasks' outputs.
        losses: Losses by task name, in place of the tasks' own; anything that
            `keras.losses.get` accepts, or None for a task that is not trained. Each
            such task is a block of one.
        own_metrics: The names of tasks whose metrics the caller computes. Each such
            task is a block of one without metrics.

    Returns:
        The blocks.

    Example:

    >>> from keras_mtl.tasks import BinaryTask, RegressionTask
    >>> tasks = [BinaryTask("sick"), RegressionTask("age"), BinaryTask("well")]
    >>> stacked = TaskSource((0, 2), None, is_split=True)
    >>> made = make_blocks(tasks, [stacked, TaskSource((1,), None)])
    >>> [block.names for block in made.blocks]
    [('sick', 'well'), ('age',)]
    """
    given = losses or {}
    # Creating losses and metrics takes time, so each kind of head has one set.
    kinds: dict[Any, tuple[Any, list[Any]]] = {}
    for each in tasks:
        if each.kind_of_head not in kinds:
            kinds[each.kind_of_head] = (each.loss(), each.metrics())
    blocks = []
    for number, source in enumerate(sources):
        lone: list[Member] = []
        stackable: list[Member] = []
        for position in source.tasks:
            task = tasks[position]
            loss, metrics = kinds[task.kind_of_head]
            if task.name in given:
                loss = keras.losses.get(given[task.name])
            if task.name in own_metrics:
                metrics = []
            is_own = task.name in given or task.name in own_metrics
            alike = _can_batch(loss) and all(map(can_stack_metric, metrics))
            members = stackable if alike and not is_own else lone
            members.append((position, loss, metrics))
        groups = _group_equal(stackable)
        for group in [*groups, *[[member] for member in lone]]:
            positions = [position for position, _, _ in group]
            on_axis = tuple(source.tasks.index(position) for position in positions)
            same_metrics = zip(*[metrics for _, _, metrics in group], strict=True)
            blocks.append(
                TaskBlock(
                    tuple(positions),
                    tuple(tasks[position].name for position in positions),
                    number,
                    on_axis if source.is_split else None,
                    _merge([loss for _, loss, _ in group], axes=1),
                    tuple(_merge(list(same), axes=2) for same in same_metrics),
                    _can_batch(group[0][1]),
                    len(tasks[positions[0]].class_names),
                )
            )
    blocks.sort(key=lambda block: block.tasks[0])
    return TaskBlocks(tuple(task.name for task in tasks), tuple(blocks))


def _can_batch(loss: Any) -> bool:
    return (
        isinstance(loss, MaskedLoss)
        and loss.per_task is not None
        and loss.reduction == "sum_over_batch_size"
    )


def _group_equal(members: Sequence[Member]) -> list[list[Member]]:
    """Group tasks whose components differ at most in the settings `per_task`."""
    groups: dict[str, list[Member]] = {}
    for member in members:
        key = []
        for component in [member[1], *member[2]]:
            config = dict(component.get_config())
            for setting in component.per_task:
                del config[setting]
            key.append([str(type(component)), config])
        groups.setdefault(json.dumps(key, default=str), []).append(member)
    return list(groups.values())


def _merge(components: Sequence[Any], axes: int) -> Any:
    """Merge the equal components of several tasks.

    Args:
        components: The components, which differ at most in their `per_task` settings.
        axes: The number of axes of length 1 after the axis of tasks in such a setting.

    Returns:
        A component of the same class. A setting that differs is an array.
    """
    if len(components) == 1:
        return components[0]
    configs = [dict(component.get_config()) for component in components]
    merged = dict(configs[0])
    for setting in components[0].per_task:
        values = [config[setting] for config in configs]
        if len(set(values)) > 1:
            column = np.asarray(values, "float32")
            merged[setting] = column.reshape((-1, *[1] * axes))
    return type(components[0]).from_config(merged)
