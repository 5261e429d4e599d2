"""State of training, and the only code that changes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import keras
import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_weights
from keras_mtl.blocks.task_losses import label_counts
from keras_mtl.engine.batch_step import BatchStep, Tensors
from keras_mtl.engine.gradient_watch import conflict_columns, conflict_values
from keras_mtl.engine.layer_rates import update_at_rates
from keras_mtl.engine.map_members import map_members, unrolled_map
from keras_mtl.engine.replicas import replica_shares
from keras_mtl.engine.training_graph import Noise, is_seed
from keras_mtl.layers.training_layers import feed_noise, feed_settings

__all__ = [
    "Exchange",
    "MemberValues",
    "Trainer",
    "Update",
]


class Exchange(Protocol):
    """Interface for the exchange of numbers between replicas of a batch."""

    def mean(self, values: Any) -> Any:
        """Return the means of nested tensors over the replicas."""

    def combine(
        self, gradients: Tensors, statistics: Tensors
    ) -> tuple[Tensors, Tensors]:
        """Return the gradients to apply on this replica, and the statistics to keep."""


@dataclass(frozen=True)
class MemberValues:
    """Values per member that no step changes.

    With one member the shapes have no axis K.

    Attributes:
        rates: The dropout rates by layer name, (K,).
        row_weights: The weights of all rows by task name, (K, N); empty if all rows
            have the same weight.
        settings: The values of the architecture's settings by name, (K,).
    """

    rates: Mapping[str, Any]
    row_weights: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)


class Update(NamedTuple):
    """Result of a step.

    Attributes:
        outputs: The model's outputs before the update, by block.
        losses: The tasks' losses, (K, T).
        counts: The rows with a label for each task, (K, T).
        added_loss: The sum of the model's own losses, (K,).
        conflict: See `conflict_values`; empty if conflict is not watched.
    """

    outputs: Any
    losses: tf.Tensor
    counts: tf.Tensor
    added_loss: tf.Tensor
    conflict: Tensors


class Trainer:
    """The variables that training changes, and the update of one batch.

    K members differ from one model only by a leading axis: their variables have the
    shape (K, ...), and the pure step of one batch is mapped over that axis. No other
    code updates a variable.

    Args:
        step: The pure step of one batch.
        weights: The variables that are trained.
        others: The graph's other variables, with the states of random layers:
            variables of one model or stacks of K members.
        optimizer: The optimizer of `weights`; made by `member_optimizer` for members.
        weighting_state: The weighting's state, by name.
        loss_weights: The constant factors of the tasks' losses, (T,) or
            (K, T), or a function that returns them.
        noise: The source of the random layers' numbers.
        members: K; None for one model, whose variables have no leading axis.
        rates: Factors of the learning rate by position in `weights`; each a number or a
            scalar variable.
        weighting_numbers: Values of the weighting's numeric settings by name, (K,), in
            place of its own.
    """

    def __init__(
        self,
        step: BatchStep,
        weights: Sequence[keras.Variable],
        others: Sequence[keras.Variable],
        optimizer: Any,
        weighting_state: Mapping[str, keras.Variable],
        loss_weights: Any,
        noise: Noise,
        members: int | None = None,
        rates: Mapping[int, Any] | None = None,
        weighting_numbers: Mapping[str, Any] | None = None,
    ) -> None:
        self.step = step
        self.weighting_numbers = dict(weighting_numbers or {})
        self.rates = dict(rates or {})
        self.weights = list(weights)
        self.others = list(others)
        self.optimizer = optimizer
        self.weighting_state = dict(weighting_state)
        self._loss_weights = loss_weights
        self.noise = noise
        self.members = members
        self.seeds = [i for i, each in enumerate(self.others) if is_seed(each)]
        self.statistics = [
            each for i, each in enumerate(self.others) if i not in self.seeds
        ]
        names = [task.name for task in step.model.tasks]
        self._conflict_columns = conflict_columns(names)

    @property
    def conflict_columns(self) -> list[str]:
        """The columns of the conflict between tasks, or [] if it is not watched."""
        return self._conflict_columns if self.step.watch_gramian else []

    @property
    def loss_weights(self) -> tf.Tensor:
        """The constant factors of the tasks' losses, (T,) or (K, T)."""
        weights = self._loss_weights
        return weights() if callable(weights) else weights

    @property
    def variables(self) -> list[keras.Variable]:
        """All variables that training changes, in a fixed order."""
        return [
            *self.weights,
            *self.statistics,
            *self.optimizer.variables,
            *self.weighting_state.values(),
        ]

    def train(
        self,
        batch: Batch,
        noise: Tensors | None = None,
        seeds: Mapping[int, tf.Tensor] | None = None,
        values: MemberValues | None = None,
        row_weights: Mapping[str, tf.Tensor] | None = None,
        moving: tf.Tensor | None = None,
        exchange: Exchange | None = None,
        all_counts: tf.Tensor | None = None,
    ) -> Update:
        """Update all variables with one batch.

        Args:
            batch: The batch, by block; for K members, with a leading axis K.
            noise: The random numbers of the layers that are fed, in their order. With
                None, each layer draws for itself and updates its state.
            seeds: The states of layers that draw for themselves, by position, in place
                of all variables of such states.
            values: The members' own values.
            row_weights: The weights of the batch's rows by task name, (K, B).
            moving: Booleans, (K,): whether each member takes the step. None for all.
            exchange: The replicas of this batch, or None.
            all_counts: The mean over the replicas of the number of rows with a label,
                (K, T). See `BatchStep`.
        """
        loss_weights = self.loss_weights
        shares = None
        if exchange is not None:
            own = self.label_counts(batch.labels)
            if all_counts is None:
                all_counts = exchange.mean(own)
            shares = replica_shares(own, all_counts)
            loss_weights = loss_weights * shares
        amid_step = exchange is not None and self.step.exchanges
        reduce = exchange.mean if amid_step and exchange is not None else None
        scale = self.optimizer.scale_loss(tf.ones([]))
        rates = {} if values is None else _read(values.rates)
        settings = {} if values is None else _read(values.settings)
        own_seeds = seeds is None

        def one_member(arguments: Any) -> Any:
            (
                weights,
                statistics,
                state,
                batch,
                loss_weights,
                rates,
                settings,
                numbers,
                rows,
                counts,
            ) = arguments
            if rows:
                packed = pack_weights(self.step.blocks, rows)
                batch = batch._replace(sample_weights=packed)
            with feed_noise(noise, rates), feed_settings(settings):
                result = self.step(
                    weights,
                    self._with_seeds(statistics, seeds),
                    batch,
                    loss_weights,
                    state,
                    loss_scale=scale,
                    reduce=reduce,
                    all_counts=counts[0] if counts else None,
                    weighting=self._weighting(numbers),
                )
            conflict = []
            if self.conflict_columns:
                conflict = list(conflict_values(result.gramian, result.weights))
            return (
                result.gradients,
                result.statistics if own_seeds else self._kept(result.statistics),
                result.weighting_state,
                Update(
                    result.outputs,
                    result.losses,
                    result.counts,
                    result.added_loss,
                    conflict,
                ),
            )

        counts = [] if all_counts is None else [all_counts]
        weighting = {
            name: tf.convert_to_tensor(each)
            for name, each in self.weighting_state.items()
        }
        gradients, statistics, state, update = self._map(
            one_member,
            (
                _values(self.weights),
                _values(self.statistics),
                weighting,
                batch,
                loss_weights,
                rates,
                settings,
                _read(self.weighting_numbers),
                dict(row_weights or {}),
                counts,
            ),
            unrolled=amid_step,
        )
        if exchange is not None:
            gradients, statistics = exchange.combine(gradients, statistics)
        changed = self.others if own_seeds else self.statistics
        self._assign(changed, statistics, moving)
        self._apply(gradients, moving)
        if self.step.weighting.needs_losses_after_step:
            state = self._after_step(
                state, batch, exchange if amid_step else None, shares, counts, seeds
            )
        for name, variable in self.weighting_state.items():
            variable.assign(_select(moving, state[name], weighting[name]))
        return update

    def evaluate(
        self, batch: Batch, seeds: Mapping[int, tf.Tensor] | None = None
    ) -> Update:
        """Run the model on a batch without an update. See `train`."""

        def one_member(arguments: Any) -> Update:
            weights, statistics, batch = arguments
            outputs, _, losses, counts, added = self.step.forward(
                weights,
                self._with_seeds(statistics, seeds),
                batch,
                training=False,
            )
            added = tf.zeros([]) if added is None else added
            return Update(outputs, losses, counts, added, [])

        arguments = (_values(self.weights), _values(self.statistics), batch)
        found: Update = self._map(one_member, arguments)
        return found

    def end_epoch(self) -> None:
        """Inform a weighting that changes once per epoch of the end of an epoch."""
        if not self.step.weighting.needs_end_of_epoch:
            return
        state = {
            name: tf.convert_to_tensor(each)
            for name, each in self.weighting_state.items()
        }

        def one_member(arguments: Any) -> Any:
            state, numbers = arguments
            return self._weighting(numbers).end_of_epoch(state)

        new = self._map(one_member, (state, _read(self.weighting_numbers)))
        for name, value in new.items():
            self.weighting_state[name].assign(value)

    def label_counts(self, labels: Any) -> tf.Tensor:
        """Count the rows with a label for each task, (K, T), from labels by block."""
        return self._map(lambda own: label_counts(self.step.blocks, own), labels)

    def _after_step(
        self,
        state: Any,
        batch: Any,
        exchange: Exchange | None,
        shares: tf.Tensor | None,
        counts: Tensors,
        seeds: Mapping[int, tf.Tensor] | None,
    ) -> Any:
        """Pass the weighting the losses of the same batch after the update."""

        def one_member(arguments: Any) -> Any:
            weights, statistics, state, batch, everywhere, numbers = arguments
            _, _, losses, known, _ = self.step.forward(
                weights,
                self._with_seeds(statistics, seeds),
                batch,
                training=False,
            )
            if everywhere and exchange is not None:
                shares, known = everywhere
                losses = exchange.mean(losses * shares)
            method = self._weighting(numbers)
            return method.after_step(losses, state, mask=known > 0)

        everywhere = [] if shares is None else [shares, *counts]
        return self._map(
            one_member,
            (
                _values(self.weights),
                _values(self.statistics),
                state,
                batch,
                everywhere,
                _read(self.weighting_numbers),
            ),
            unrolled=exchange is not None,
        )

    def _apply(self, gradients: Tensors, moving: tf.Tensor | None) -> None:
        def update() -> None:
            if self.members is not None:
                self.optimizer.apply_to_members(gradients, self.weights, moving)
            else:
                self.optimizer.apply(gradients, self.weights)

        update_at_rates(update, self.weights, self.rates)

    def _with_seeds(
        self, statistics: Tensors, seeds: Mapping[int, tf.Tensor] | None
    ) -> Tensors:
        """Return values for all variables of the graph that are not trained."""
        rest = iter(statistics)
        values = []
        for index, variable in enumerate(self.others):
            if index not in self.seeds:
                values.append(next(rest))
            elif seeds is None:
                values.append(tf.convert_to_tensor(variable))
            else:
                # A layer that is fed does not read its state.
                unused = tf.zeros(variable.shape, variable.dtype)
                values.append(seeds.get(index, unused))
        return values

    def _weighting(self, numbers: Mapping[str, tf.Tensor]) -> Any:
        """Return the weighting with a member's own numbers."""
        weighting = self.step.weighting
        return weighting.with_numbers(numbers) if numbers else weighting

    def _kept(self, values: Tensors) -> Tensors:
        return [value for index, value in enumerate(values) if index not in self.seeds]

    def _assign(
        self,
        variables: Sequence[keras.Variable],
        values: Tensors,
        moving: tf.Tensor | None,
    ) -> None:
        for variable, value in zip(variables, values, strict=True):
            if moving is not None:
                value = _select(moving, value, tf.convert_to_tensor(variable))
            variable.assign(value)

    def _map(self, function: Any, arguments: Any, unrolled: bool = False) -> Any:
        if self.members is None:
            return function(arguments)
        return (unrolled_map if unrolled else map_members)(function, arguments)


def _read(values: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Convert values, which may be variables, to tensors."""
    return {name: tf.convert_to_tensor(each) for name, each in values.items()}


def _values(variables: Sequence[keras.Variable]) -> Tensors:
    return [tf.convert_to_tensor(variable) for variable in variables]


def _select(moving: tf.Tensor | None, new: tf.Tensor, old: tf.Tensor) -> tf.Tensor:
    """Select the new values of members that take a step, and the old of the others."""
    if moving is None:
        return new
    return tf.where(tf.reshape(moving, [-1] + [1] * (len(new.shape) - 1)), new, old)
