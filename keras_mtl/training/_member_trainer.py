"""The trainer of members: their variables, optimizer and own values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.member_optimizer import (
    cosine_rates,
    kernel_decay_adam,
    member_optimizer,
    one_member_optimizer,
)
from keras_mtl.engine.rows import (
    steps_per_epoch,
)
from keras_mtl.engine.trainer import MemberValues, Trainer
from keras_mtl.engine.training_graph import dropout_layers, is_seed, noise_of
from keras_mtl.model.multi_task_model import MultiTaskModel
from keras_mtl.tasks import Task
from keras_mtl.training._initial_values import set_seed
from keras_mtl.training.member_settings import MemberSettings
from keras_mtl.training.settings import TrainingSettings

__all__ = ["make_trainer", "member_values"]


def make_trainer(
    model: MultiTaskModel,
    step: BatchStep,
    members: int | None,
    first: Any,
    rows: Sequence[np.ndarray],
    settings: TrainingSettings,
    own: MemberSettings,
    optimizer: keras.optimizers.Optimizer | None,
    seed: int,
    numbers: Sequence[int],
    rates: Mapping[int, keras.Variable],
) -> Trainer:
    axis = (0,) if members is None else (slice(None),)

    def variables(values: Sequence[Any], trainable: bool) -> list[keras.Variable]:
        return [
            keras.Variable(each[axis], trainable=trainable, dtype=each.dtype.name)
            for each in values
        ]

    weights = variables(first.weights, True)
    kept = iter(variables(first.statistics, False))
    graph = step.model
    others = [
        variable if is_seed(variable) else next(kept)
        for variable in graph.non_trainable_variables
    ]
    made = _make_optimizer(model, members, rows, settings, own, optimizer, weights)
    made.build(weights)
    states = []
    for number in numbers:
        set_seed(seed, number)
        states.append(step.initial_weighting_state())
    weighting_state = {
        name: keras.Variable(
            tf.stack([tf.convert_to_tensor(each[name]) for each in states])[axis],
            trainable=False,
            dtype=states[0][name].dtype.name,
        )
        for name in states[0]
    }
    loss_weights = own.loss_weights or {}
    columns = [
        _column(len(rows), loss_weights.get(task.name), task.loss_weight)
        for task in model.tasks
    ]
    return Trainer(
        step,
        weights,
        others,
        made,
        weighting_state,
        tf.stack(columns, axis=1)[axis],
        noise_of(
            step, own.dropout_rates([each.name for each in dropout_layers(model)])
        ),
        members,
        rates,
    )


def _make_optimizer(
    model: MultiTaskModel,
    members: int | None,
    rows: Sequence[np.ndarray],
    settings: TrainingSettings,
    own: MemberSettings,
    optimizer: keras.optimizers.Optimizer | None,
    weights: Sequence[keras.Variable],
) -> Any:
    if optimizer is not None:
        rates, decays = own.learning_rate, own.weight_decay
        if members is None:
            return one_member_optimizer(
                optimizer,
                None if rates is None else float(rates[0]),
                None if decays is None else float(decays[0]),
                weights,
                model.trainable_variables,
            )
        variables = model.trainable_variables
        return member_optimizer(optimizer, variables, members, rates, decays)
    count = len(rows)
    rates = _column(count, own.learning_rate, settings.learning_rate).numpy()
    decays = _column(count, own.weight_decay, settings.weight_decay).numpy()
    # By a member's own steps: what others do is nothing to it.
    steps = [
        settings.epochs * steps_per_epoch([each], settings.batch_size) for each in rows
    ]
    cosine = settings.schedule == "cosine"
    if members is None:
        rate = float(rates[0])
        schedule: Any = rate
        if cosine:
            schedule = keras.optimizers.schedules.CosineDecay(rate, steps[0])
        return kernel_decay_adam(schedule, float(decays[0]), weights)
    return member_optimizer(
        # Without a decay of its own: AdamW has one by default.
        keras.optimizers.Adam(),
        model.trainable_variables,
        members,
        None if cosine else rates,
        decays if decays.any() else None,
        [len(each.shape) > 2 for each in weights],
        cosine_rates(rates, steps) if cosine else None,
    )


def _column(members: int, values: Any, common: float) -> tf.Tensor:
    full = np.full(members, common) if values is None else values
    return tf.constant(full, tf.float32)


def member_values(
    rows: Sequence[np.ndarray],
    own: MemberSettings,
    tasks: Sequence[Task],
    layers: Sequence[str],
) -> MemberValues:
    axis = (0,) if len(rows) == 1 else (slice(None),)
    row_weights = own.row_weights
    if row_weights is not None and not isinstance(row_weights, Mapping):
        row_weights = {task.name: row_weights for task in tasks}
    return MemberValues(
        {
            name: tf.constant(values, tf.float32)[axis]
            for name, values in own.dropout_rates(layers).items()
        },
        {
            name: tf.constant(values, tf.float32)[axis]
            for name, values in (row_weights or {}).items()
        },
    )
