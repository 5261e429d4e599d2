"""What each member has for itself, as tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_mtl.tasks import Task
from keras_mtl.training.batch_order import steps_an_epoch
from keras_mtl.training.member_settings import MemberSettings
from keras_mtl.training.settings import TrainingSettings

__all__ = ["OwnValues", "own_values"]


class OwnValues(NamedTuple):
    """What each member has for itself, and no epoch changes.

    Attributes:
        steps: The updates that its own rows make in an epoch, (K,) floats.
        learning_rate: At the start, (K,).
        weight_decay: See `adam_update`, (K,).
        loss_weights: Of the tasks, (K, T).
        dropout: The rate of each layer of `MemberProgram.dropouts`, (K,).
        row_weights: Of all rows, (K, N), by task name; no tasks where all
            rows count alike.
    """

    steps: tf.Tensor
    learning_rate: tf.Tensor
    weight_decay: tf.Tensor
    loss_weights: tf.Tensor
    dropout: list[tf.Tensor]
    row_weights: dict[str, tf.Tensor]


def own_values(
    rows: Sequence[np.ndarray],
    settings: TrainingSettings,
    own: MemberSettings,
    tasks: Sequence[Task],
    rates: Sequence[tuple[str, float]],
) -> OwnValues:
    """Puts together what members have of their own and what holds for all.

    Args:
        rows: The members' training rows.
        settings: What holds for all.
        own: What members have of their own.
        tasks: The tasks.
        rates: The name and the rate of each dropout layer whose rate is a
            member's own.
    """

    members = len(rows)

    def column(values: Any, common: float) -> tf.Tensor:
        return tf.constant(
            np.full(members, common) if values is None else values, tf.float32
        )

    dropout = own.dropout_rates([name for name, _ in rates])
    row_weights = own.row_weights
    if row_weights is not None and not isinstance(row_weights, Mapping):
        row_weights = {task.name: row_weights for task in tasks}
    given = own.loss_weights or {}
    loss_weights = [column(given.get(task.name), task.loss_weight) for task in tasks]
    steps = [steps_an_epoch([each], settings.batch_size) for each in rows]
    return OwnValues(
        tf.constant(steps, tf.float32),
        column(own.learning_rate, settings.learning_rate),
        column(own.weight_decay, settings.weight_decay),
        tf.stack(loss_weights, axis=1),
        [column(dropout.get(name), rate) for name, rate in rates],
        {
            name: tf.constant(values, tf.float32)
            for name, values in (row_weights or {}).items()
        },
    )
