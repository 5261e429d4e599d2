"""What a row of a class counts in its task's loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.task_blocks import TaskBlock, TaskBlocks
from keras_mtl.errors import did_you_mean
from keras_mtl.tasks import Task

__all__ = ["class_weight_tables", "weigh_classes"]


def class_weight_tables(
    tasks: Sequence[Task], class_weight: Mapping[Any, Any] | None
) -> dict[str, np.ndarray]:
    """Makes a table of each task's class weights, in the order of its classes.

    Args:
        tasks: The tasks.
        class_weight: By task name a dict from class to weight, where a class
            is its index or its word; one that is not named weighs 1. For one
            task the dict alone will do. Or None.

    Returns:
        By task name an array of shape (classes,).

    Raises:
        ValueError: When a task has no classes, or not these.

    Example:

    >>> from keras_mtl.tasks import BinaryTask, MulticlassTask
    >>> tasks = [MulticlassTask("thal", classes=("a", "b")), BinaryTask("heart")]
    >>> class_weight_tables(tasks, {"thal": {"b": 3.0}, "heart": {1: 2.0}})
    {'thal': array([1., 3.], dtype=float32), 'heart': array([1., 2.], dtype=float32)}
    """
    if not class_weight:
        return {}
    if len(tasks) == 1 and not isinstance(next(iter(class_weight.values())), Mapping):
        class_weight = {tasks[0].name: class_weight}
    by_name = {task.name: task for task in tasks}
    tables = {}
    for name, weights in class_weight.items():
        if name not in by_name:
            raise ValueError(
                "Invalid value received for argument `class_weight`. Expected a dict "
                f"by task name: {', '.join(by_name)}. Received: {name!r}."
                f"{did_you_mean(str(name), list(by_name))}"
            )
        tables[name] = _table(by_name[name], weights)
    return tables


def weigh_classes(
    blocks: TaskBlocks, batch: Batch, tables: Mapping[str, np.ndarray]
) -> Batch:
    """Multiplies the rows' weights by those of their classes.

    Args:
        blocks: The blocks of tasks.
        batch: A batch of their labels.
        tables: What `class_weight_tables` returns.
    """
    if not tables:
        return batch
    given = batch.sample_weights
    if not isinstance(given, tuple):
        # (N,), for all tasks of a block.
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
    """Returns the weight of each label's class, (N, T)."""
    own = [tables.get(name, np.ones(1, "float32")) for name in block.names]
    classes = max(len(table) for table in own)
    padded = [
        np.pad(table, (0, classes - len(table)), constant_values=1) for table in own
    ]
    # One table after the other, so that it is a single look-up.
    first = classes * np.arange(len(block), dtype="int32")
    labels = tf.cast(tf.reshape(labels, [-1, len(block)]), tf.float32)
    # What stands for a missing label is of no class, and weighs nothing.
    index = tf.cast(tf.where(labels >= 0, labels, 0.0), tf.int32)
    return tf.gather(tf.constant(np.concatenate(padded)), index + first)


def _table(task: Task, weights: Mapping[Any, float]) -> np.ndarray:
    words = list(task.class_names)
    if not words:
        raise ValueError(
            "Invalid value received for argument `class_weight`. Expected tasks of "
            f"classes that exclude each other. Received: task {task.name!r}, which is "
            f"{task.kind}. Give sample weights by task name instead."
        )
    table = np.ones(len(words), "float32")
    for key, weight in weights.items():
        index = words.index(key) if key in words else key
        if not isinstance(index, int | np.integer) or not 0 <= index < len(words):
            raise ValueError(
                f"Invalid value received for argument `class_weight`. Expected a class "
                f"of task {task.name!r}: {', '.join(words)}, or its index. Received: "
                f"{key!r}"
            )
        if not np.isfinite(weight) or weight < 0:
            raise ValueError(
                "Invalid value received for argument `class_weight`. Expected weights "
                f"of 0 or more. Received: {weight!r} for class {key!r} of task "
                f"{task.name!r}"
            )
        table[int(index)] = weight
    return table
