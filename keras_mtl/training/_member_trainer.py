"""The trainer of members: their variables and what updates them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.trainer import Trainer
from keras_mtl.engine.training_graph import dropout_layers, is_seed, noise_of
from keras_mtl.model.multi_task_model import MultiTaskModel
from keras_mtl.training._initial_values import set_seed
from keras_mtl.training._member_start import MemberStart
from keras_mtl.training._update_rules import UpdateRules

__all__ = ["make_trainer", "weighting_states"]


def make_trainer(
    model: MultiTaskModel,
    step: BatchStep,
    members: int | None,
    start: MemberStart,
    rules: UpdateRules,
) -> Trainer:
    """Make the variables of some members, and the trainer that updates them.

    Args:
        model: The architecture.
        step: The step of one batch.
        members: The number of members; None for one model without an axis.
        start: The state that they begin with, with their numbers in variables.
        rules: How they are updated.
    """
    axis = (0,) if members is None else (slice(None),)

    def variables(values: Sequence[Any], trainable: bool) -> list[keras.Variable]:
        return [
            keras.Variable(each[axis], trainable=trainable, dtype=each.dtype.name)
            for each in values
        ]

    weights = variables(start.values.weights, True)
    kept = iter(variables(start.values.statistics, False))
    graph = step.model
    others = [
        variable if is_seed(variable) else next(kept)
        for variable in graph.non_trainable_variables
    ]
    numbers = start.numbers
    optimizer = rules.make_optimizer(model, members, numbers, weights)
    optimizer.build(weights)
    weighting_state = {
        name: keras.Variable(each[axis], trainable=False, dtype=each.dtype.name)
        for name, each in start.weighting_states.items()
    }
    dropout = rules.own.dropout_rates([each.name for each in dropout_layers(model)])
    return Trainer(
        step,
        weights,
        others,
        optimizer,
        weighting_state,
        lambda: tf.convert_to_tensor(numbers.loss_weights),
        noise_of(step, dropout),
        members,
        rules.layer_rates,
        numbers.weighting,
    )


def weighting_states(
    step: BatchStep, seed: int, numbers: Sequence[int]
) -> dict[str, np.ndarray]:
    """Return the members' first states of the weighting, (K, ...) by name."""
    states = []
    for number in numbers:
        set_seed(seed, number)
        states.append(step.initial_weighting_state())
    return {
        name: np.stack([keras.ops.convert_to_numpy(each[name]) for each in states])
        for name in states[0]
    }
