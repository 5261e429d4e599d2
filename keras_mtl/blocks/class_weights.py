"""Weights of classes in the losses, for blocks of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.task_arguments import check_task_names
from keras_mtl.blocks.task_blocks import TaskBlock, TaskBlocks
from keras_mtl.tasks import Task
from keras_mtl.tasks.class_weights import class_weight_table

__all__ = ["class_weight_tables", "weigh_classes"]


def class_weight_tables(
    tasks: Sequence[Task], class_weight: Any, labels: Any = None
) -> dict[str, np.ndarray]:
    """Build a table of each task's class weights, in the order of its classes.

    Args:
        tasks: The tasks.
        class_weight: The weights by task name, each a dict from class to weight, where
            a class is its index or its name, and other classes have weight 1; an array
            with one weight per class; or "balanced". For one task, its value is enough.
            "balanced" instead of a dict is for all tasks with classes. None for no
            weights.
        labels: The labels in memory by task name, which "balanced" needs.

    Returns:
        Arrays of shape (classes,) by task name.

    Raises:
        ValueError: If a task has no classes, or not the named ones.

    Example:

    >>> from keras_mtl.tasks import BinaryTask, MulticlassTask
    >>> tasks = [MulticlassTask("thal", classes=("a", "b")), BinaryTask("heart")]
    >>> class_weight_tables(tasks, {"thal": {"b": 3.0}, "heart": {1: 2.0}})
    {'thal': array([1., 3.], dtype=float32), 'heart': array([1., 2.], dtype=float32)}
    """
    if class_weight is None or (isinstance(class_weight, Mapping) and not class_weight):
        return {}
    by_name = {task.name: task for task in tasks}
    if isinstance(class_weight, str) and class_weight == "balanced":
        named = isinstance(labels, Mapping)
        class_weight = {
            task.name: "balanced"
            for task in tasks
            if task.class_names and (not named or task.name in labels)
        }
    elif len(tasks) == 1 and not _is_by_task(class_weight, by_name):
        class_weight = {tasks[0].name: class_weight}
    if not isinstance(class_weight, Mapping):
        raise ValueError(
            "Invalid value received for argument `class_weight`. Expected a dict by "
            f"task name, or 'balanced'. Received: {class_weight!r}"
        )
    check_task_names("class_weight", class_weight, list(by_name))
    known = labels if isinstance(labels, Mapping) else {}
    return {
        name: class_weight_table(by_name[name], weights, known.get(name))
        for name, weights in class_weight.items()
        if weights is not None
    }


def _is_by_task(class_weight: Any, tasks: Mapping[str, Task]) -> bool:
    if not isinstance(class_weight, Mapping):
        return False
    (task,) = tasks.values()
    # A class may have the same name as its task.
    value = class_weight.get(task.name)
    numbers = isinstance(value, int | float | np.number)
    whole = all(isinstance(each, Mapping) for each in class_weight.values())
    return whole or (task.name in class_weight and not numbers)


def weigh_classes(
    blocks: TaskBlocks, batch: Batch, tables: Mapping[str, np.ndarray]
) -> Batch:
    """Multiply the rows' weights by the weights of their classes.

    Args:
        blocks: The blocks of tasks.
        batch: A batch with their labels.
        tables: The tables from `class_weight_tables`.
    """
    if not tables:
        return batch
    given = batch.sample_weights
    if not isinstance(given, tuple):
        # Shape (N,): the same weights for all tasks of a block.
        rows = None if given is None else tf.reshape(given, [-1, 1])
        given = (rows,) * len(blocks.blocks)
    weights = []
    for block, labels, rows in zip(blocks.blocks, batch.labels, given, strict=True):
        if rows is not None and labels is not None:
            rows = tf.cast(rows, tf.float32) * tf.ones([1, len(block)])
        if labels is not None and any(name in tables for name in block.names):
            of_class = _class_weights(block, labels, tables)
            rows = of_class if rows is None else rows * of_class
        weights.append(rows)
    return batch._replace(sample_weights=tuple(weights))


def _class_weights(
    block: TaskBlock, labels: tf.Tensor, tables: Mapping[str, np.ndarray]
) -> tf.Tensor:
    """Return the weight of each label's class, (N, T)."""
    own = [tables.get(name, np.ones(1, "float32")) for name in block.names]
    classes = max(len(table) for table in own)
    padded = [
        np.pad(table, (0, classes - len(table)), constant_values=1) for table in own
    ]
    # The tables are concatenated, so one lookup is enough.
    first = classes * np.arange(len(block), dtype="int32")
    labels = tf.cast(tf.reshape(labels, [-1, len(block)]), tf.float32)
    # A missing label has no class, and weight 0.
    index = tf.cast(tf.where(labels >= 0, labels, 0.0), tf.int32)
    return tf.gather(tf.constant(np.concatenate(padded)), index + first)
