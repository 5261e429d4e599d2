"""The trainer of members: their variables, optimizer and own values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
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

__all__ = ["MemberNumbers", "make_trainer", "member_numbers", "weighting_states"]


@dataclass(frozen=True)
class MemberNumbers:
    """The numbers that tell members of one program apart.

    They are variables, so that a program that is compiled serves other numbers too.
    With one member the shapes have no axis K.

    Attributes:
        loss_weights: The constant factors of the tasks' losses, (K, T).
        learning_rate: The learning rates at the start, (K,).
        weight_decay: The decays of kernels, (K,).
        steps: The steps of the whole fit, (K,).
        dropout: See `MemberValues.rates`.
        row_weights: See `MemberValues`.
        weighting: See `Trainer`.
        architecture: See `MemberValues.settings`.
    """

    loss_weights: Any
    learning_rate: Any
    weight_decay: Any
    steps: Any
    dropout: dict[str, Any]
    row_weights: dict[str, Any]
    weighting: dict[str, Any]
    architecture: dict[str, Any]

    @property
    def values(self) -> MemberValues:
        """What the epoch feeds to layers and rows."""
        return MemberValues(self.dropout, self.row_weights, self.architecture)

    @property
    def decays(self) -> bool:
        """Whether any member has a decay."""
        return bool(np.any(np.asarray(self.weight_decay)))

    def variables(self) -> MemberNumbers:
        """Returns the same numbers in variables."""
        return self._map(lambda each: tf.Variable(each, trainable=False), self)

    def part(self, members: slice) -> MemberNumbers:
        """Returns the numbers of some members."""
        return self._map(lambda each: each[members], self)

    def assign(self, other: MemberNumbers) -> None:
        """Takes the numbers of other members, in variables of these shapes."""
        self._map(lambda variable, value: variable.assign(value), self, other)

    @staticmethod
    def _map(function: Any, *numbers: MemberNumbers) -> MemberNumbers:
        return MemberNumbers(
            *tf.nest.map_structure(
                function,
                *[
                    tuple(getattr(each, field.name) for field in fields(each))
                    for each in numbers
                ],
            )
        )


def member_numbers(
    tasks: Sequence[Task],
    rows: Sequence[np.ndarray],
    settings: TrainingSettings,
    own: MemberSettings,
    layers: Sequence[str],
) -> MemberNumbers:
    """Collect what members have of their own, and what the settings say for all.

    Args:
        tasks: The tasks.
        rows: For each member its training rows.
        settings: The settings.
        own: What members have of their own.
        layers: The names of the architecture's dropout layers.
    """
    count = len(rows)
    axis = (0,) if count == 1 else (slice(None),)
    loss_weights = own.loss_weights or {}
    row_weights = own.row_weights
    if row_weights is not None and not isinstance(row_weights, Mapping):
        row_weights = {task.name: row_weights for task in tasks}

    def by_name(values: Mapping[str, Any] | None, dtype: str) -> dict[str, Any]:
        return {
            name: np.asarray(each, dtype)[axis] for name, each in (values or {}).items()
        }

    return MemberNumbers(
        np.stack(
            [
                _column(count, loss_weights.get(task.name), task.loss_weight)
                for task in tasks
            ],
            axis=1,
        )[axis],
        _column(count, own.learning_rate, settings.learning_rate)[axis],
        _column(count, own.weight_decay, settings.weight_decay)[axis],
        # By a member's own steps: what others do is nothing to it.
        np.array(
            [
                settings.epochs * steps_per_epoch([each], settings.batch_size)
                for each in rows
            ],
            "float32",
        )[axis],
        by_name(own.dropout_rates(layers), "float32"),
        by_name(row_weights, "float32"),
        # Weightings compute in double precision.
        by_name(own.weighting, "float64"),
        by_name(own.architecture, "float32"),
    )


def make_trainer(
    model: MultiTaskModel,
    step: BatchStep,
    members: int | None,
    first: Any,
    settings: TrainingSettings,
    own: MemberSettings,
    numbers: MemberNumbers,
    optimizer: keras.optimizers.Optimizer | None,
    states: Mapping[str, np.ndarray],
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
    made = _make_optimizer(model, members, settings, own, numbers, optimizer, weights)
    made.build(weights)
    weighting_state = {
        name: keras.Variable(each[axis], trainable=False, dtype=each.dtype.name)
        for name, each in states.items()
    }
    dropout = own.dropout_rates([each.name for each in dropout_layers(model)])
    return Trainer(
        step,
        weights,
        others,
        made,
        weighting_state,
        lambda: tf.convert_to_tensor(numbers.loss_weights),
        noise_of(step, dropout),
        members,
        rates,
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


def _make_optimizer(
    model: MultiTaskModel,
    members: int | None,
    settings: TrainingSettings,
    own: MemberSettings,
    numbers: MemberNumbers,
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
    cosine = settings.schedule == "cosine"
    rates = numbers.learning_rate
    if members is None:
        rate = float(rates.numpy())
        schedule: Any = rate
        if cosine:
            steps = int(numbers.steps.numpy())
            schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
        return kernel_decay_adam(schedule, float(numbers.weight_decay.numpy()), weights)
    return member_optimizer(
        # Without a decay of its own: AdamW has one by default.
        keras.optimizers.Adam(),
        model.trainable_variables,
        members,
        None if cosine else rates,
        numbers.weight_decay if numbers.decays else None,
        [len(each.shape) > 2 for each in weights],
        cosine_rates(rates, numbers.steps) if cosine else None,
    )


def _column(members: int, values: Any, common: float) -> np.ndarray:
    full = np.full(members, common) if values is None else values
    return np.asarray(full, "float32")
