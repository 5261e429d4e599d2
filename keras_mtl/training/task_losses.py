"""The tasks' losses on one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import ops

from keras_mtl.layers import stacked_outputs
from keras_mtl.losses import MaskedLoss
from keras_mtl.tasks import Task
from keras_mtl.training.equal_tasks import equal_tasks, merge, stack_by_task

__all__ = ["LossBlock", "TaskLosses"]


class LossBlock(NamedTuple):
    """Tasks whose losses are computed together, or one by itself.

    Attributes:
        tasks: Their numbers.
        names: Their names.
        loss: The loss of all of them.
    """

    tasks: tuple[int, ...]
    names: tuple[str, ...]
    loss: Any


class TaskLosses:
    """Computes all tasks' losses, each over the rows that have its label.

    Args:
        tasks: The tasks.
        losses: Losses by task name, in place of the tasks' own; anything that
            `keras.losses.get` takes.
        together: Groups of tasks' numbers whose heads are computed together,
            so that their losses may be as well. A task is in one at most.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        losses: Mapping[str, Any] | None = None,
        together: Sequence[Sequence[int]] = (),
    ) -> None:
        given = losses or {}
        self.losses = {
            task.name: keras.losses.get(given.get(task.name)) or task.loss()
            for task in tasks
        }
        self.blocks = self._make_blocks([task.name for task in tasks], given, together)
        # Where each task's loss is when the blocks' are side by side.
        order = [task for block in self.blocks for task in block.tasks]
        places = sorted(range(len(order)), key=order.__getitem__)
        self._places = None if places == list(range(len(order))) else places

    def __call__(
        self,
        outputs: Mapping[str, Any],
        labels: Mapping[str, Any],
        sample_weights: Any = None,
    ) -> tuple[Any, Any]:
        """Computes the losses.

        Args:
            outputs: By task name, the model's outputs.
            labels: By task name; NaN is missing. A task that is absent counts
                as missing in all rows.
            sample_weights: Of the rows, (N,), or by task name; or None.

        Returns:
            The losses and the numbers of rows with a label, each of shape (T,).
        """
        losses, counts = self.each(outputs, labels, sample_weights)
        return self.in_order(losses), self.in_order(counts)

    def each(
        self,
        outputs: Mapping[str, Any],
        labels: Mapping[str, Any],
        sample_weights: Any = None,
    ) -> tuple[list[Any], list[Any]]:
        """Computes the losses as a list: for each of `blocks` a vector.

        The gradient of one that was never put beside the others leaves the
        others' heads alone. See `__call__`.
        """
        losses, counts = [], []
        for block in self.blocks:
            if len(block.names) > 1:
                value, count = _many(block, outputs, labels, sample_weights)
            else:
                value, count = _one(block, outputs, labels, sample_weights)
            losses.append(value)
            counts.append(count)
        return losses, counts

    def in_order(self, vectors: Sequence[Any]) -> Any:
        """Puts the blocks' values side by side in the tasks' order, (T,)."""
        joined = vectors[0] if len(vectors) == 1 else ops.concatenate(vectors)
        return joined if self._places is None else ops.take(joined, self._places)

    def by_block(self, values: Any) -> list[Any]:
        """Cuts values in the tasks' order, (T,), into those of the blocks."""
        if len(self.blocks) == 1 and self._places is None:
            return [values]
        if all(len(block.tasks) == 1 for block in self.blocks):
            return [values[task : task + 1] for (task,), _, _ in self.blocks]
        return [ops.take(values, list(block.tasks)) for block in self.blocks]

    def _make_blocks(self, names, given, together) -> list[LossBlock]:
        objects = [self.losses[name] for name in names]
        blocks = []
        lone = set(range(len(names)))
        for group in together:
            stackable = [
                task
                for task in group
                if names[task] not in given and _is_stackable(objects[task])
            ]
            for tasks in equal_tasks(stackable, lambda task: [objects[task]]):
                if len(tasks) < 2:
                    continue
                loss = merge([objects[task] for task in tasks], axes=1)
                members = tuple(names[task] for task in tasks)
                blocks.append(LossBlock(tuple(tasks), members, loss))
                lone -= set(tasks)
        alone = [LossBlock((task,), (names[task],), objects[task]) for task in lone]
        return sorted([*blocks, *alone], key=lambda block: block.tasks[0])


def _is_stackable(loss: Any) -> bool:
    return (
        isinstance(loss, MaskedLoss)
        and loss.per_task is not None
        and loss.reduction == "sum_over_batch_size"
    )


def _many(block, outputs, labels, sample_weights):
    """Returns the losses of several tasks, and their counts."""
    known = next((labels[name] for name in block.names if name in labels), None)
    if known is None:
        return ops.zeros(len(block.names)), ops.zeros(len(block.names))
    # What is missing in all rows needs labels to be left out.
    missing = ops.full_like(ops.cast(known, "float32"), float("nan"))
    y_true = stack_by_task(labels, block.names, like=missing)
    weights = sample_weights
    if isinstance(weights, Mapping):
        rows = ops.ones_like(y_true[0] if len(y_true.shape) == 2 else y_true[0, :, 0])
        weights = stack_by_task(weights, block.names, like=rows)
    elif weights is not None:
        weights = ops.reshape(weights, (-1,))
    return block.loss.of_tasks(y_true, stacked_outputs(outputs, block.names), weights)


def _one(block, outputs, labels, sample_weights):
    """Returns the loss of one task, and its count, each of shape (1,)."""
    (name,) = block.names
    if name not in labels:
        return ops.zeros(1), ops.zeros(1)
    weights = sample_weights
    if isinstance(weights, Mapping):
        weights = weights.get(name)
    value, count = _one_loss(block.loss, labels[name], outputs[name], weights)
    return ops.reshape(ops.cast(value, "float32"), (1,)), ops.reshape(count, (1,))


def _one_loss(loss, y_true, y_pred, weights):
    y_true = ops.convert_to_tensor(y_true)
    if not isinstance(loss, MaskedLoss):
        return _mask_any_loss(loss, y_true, y_pred, weights)
    y_true = ops.cast(y_true, "float32")
    count = ops.sum(ops.cast(loss.row_mask(y_true), "float32"))
    value = loss(y_true, y_pred, sample_weight=weights)
    # Keras divides a loss by the replicas, which here the driver does, once for
    # all gradients; what is told is the loss itself.
    return value * tf.distribute.get_strategy().num_replicas_in_sync, count


def _mask_any_loss(loss, y_true, y_pred, weights):
    """Gives a loss that knows nothing of missing labels the rows that have one."""
    if len(y_true.shape) == 1:
        y_true = ops.expand_dims(y_true, -1)
    missing = ops.isnan(ops.cast(y_true, "float32"))
    known = ops.logical_not(ops.any(missing, axis=tuple(range(1, len(missing.shape)))))
    known = ops.cast(known, "float32")
    filled = ops.where(missing, ops.zeros_like(y_true), y_true)
    # Losses are objects, or plain functions.
    rows = loss.call(filled, y_pred) if hasattr(loss, "call") else loss(filled, y_pred)
    rows = ops.reshape(ops.cast(rows, "float32"), (-1,))
    if weights is not None:
        rows = rows * ops.reshape(ops.cast(weights, "float32"), (-1,))
    count = ops.sum(known)
    return ops.divide_no_nan(ops.sum(rows * known), count), count
