"""Checks and conversion of the arrays that are passed to `fit` and `evaluate`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_mtl.blocks.label_arrays import read_labels
from keras_mtl.blocks.task_arguments import name_by_task
from keras_mtl.tasks import Task

__all__ = ["goes_on", "is_arrays", "read_arrays"]


def read_arrays(
    tasks: Sequence[Task],
    with_given_loss: Collection[str],
    y: Any,
    sample_weight: Any,
    is_part: bool = False,
) -> tuple[Any, Any]:
    """Return checked labels by task name, and sample weights.

    Args:
        tasks: The model's tasks.
        with_given_loss: The names of the tasks whose loss the user passed.
        y: The labels as a user passes them, or None.
        sample_weight: The sample weights as a user passes them, or None.
        is_part: Whether the arrays are one batch of many.
    """
    if y is not None:
        y = read_labels(tasks, y, with_given_loss, is_part)
    if isinstance(sample_weight, Mapping | list | tuple):
        names = [task.name for task in tasks]
        named = name_by_task("sample_weight", sample_weight, names)
        known = {name: each for name, each in named.items() if each is not None}
        sample_weight = known or None
    return y, sample_weight


def goes_on(validation_data: Any, validation_steps: Any) -> bool:
    """Return whether each evaluation continues where the last one stopped reading."""
    by_batches = isinstance(validation_data, tf.data.Dataset | keras.utils.PyDataset)
    is_rows = isinstance(validation_data, tuple | list | type(None))
    return bool(validation_steps) or not (by_batches or is_rows)


def is_arrays(data: Any) -> bool:
    """Return whether data are arrays, which have to be split into batches."""
    return all(
        hasattr(each, "shape") and not isinstance(each, keras.utils.PyDataset)
        for each in keras.tree.flatten(data)
    )
