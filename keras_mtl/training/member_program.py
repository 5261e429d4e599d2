"""One epoch of many members, as one compiled program."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from keras_mtl.training.adam import adam_update, initial_adam_state
from keras_mtl.training.batch import Batch
from keras_mtl.training.batch_order import NO_ROW
from keras_mtl.training.batch_step import BatchStep, Tensors
from keras_mtl.training.gradient_watch import conflict_columns, conflict_values
from keras_mtl.training.map_members import map_members, unrolled_map
from keras_mtl.training.member_evaluation import MemberEvaluation
from keras_mtl.training.member_layers import VariableRateDropout
from keras_mtl.training.member_state import (
    EpochResult,
    MemberState,
    Trained,
    select,
    select_state,
)
from keras_mtl.training.multi_task_model import MultiTaskModel
from keras_mtl.training.own_values import OwnValues
from keras_mtl.training.pack_batch import pack_weights
from keras_mtl.training.random_states import is_seed
from keras_mtl.training.replica_shares import replica_shares
from keras_mtl.training.replicas import Replicas
from keras_mtl.training.shared_rows import SharedRows
from keras_mtl.training.task_losses import label_counts
from keras_mtl.weighting import Weighting
from keras_mtl.weighting import get as get_weighting

__all__ = ["MemberProgram"]


class _MemberStep(NamedTuple):
    """What one member's batch gave and training goes on with."""

    gradients: Tensors
    statistics: Tensors
    weighting: dict[str, tf.Tensor]
    losses: tf.Tensor
    counts: tf.Tensor
    conflict: tuple[tf.Tensor, tf.Tensor] | None


class _Part(NamedTuple):
    """What one process does of a step, and what it has to exchange.

    Attributes:
        rows: Its rows, (K, rows).
        shares: See `replica_shares`.
        counts: The mean over the processes of the rows with a label, (K, T);
            an empty list where there is one process.
        reduce: The mean over the processes, for what is needed amid a step.
        map_members: How a step is mapped over the members.
    """

    rows: tf.Tensor
    shares: tf.Tensor
    counts: Tensors
    reduce: Callable[[Any], Any] | None
    map_members: Callable[..., Any]


class MemberProgram:
    """Trains K members of one architecture, an epoch a call.

    All members take their steps together: the pure step of one batch is mapped
    over them, and the loop over batches is inside the compiled function.

    Args:
        model: The architecture, as `member_model` makes it. Its variables are
            not touched.
        labels: By task name, with NaN where missing: (N,) or (N, labels).
        weighting: How the tasks are combined; by default by their sum.
        schedule: See `TrainingSettings`.
        epochs: Over how many the schedule runs.
        patience: See `TrainingSettings`.
        fill_batches: Whether some batches have fewer rows than others.
        watch_conflict: Whether it is told how the tasks' gradients conflict.
        jit_compile: Whether XLA compiles the epoch.
        replicas: The processes that each take a part of every batch.
    """

    def __init__(
        self,
        model: MultiTaskModel,
        labels,
        weighting: Weighting | None = None,
        schedule: str = "constant",
        epochs: int = 1,
        patience: int = 0,
        fill_batches: bool = True,
        watch_conflict: bool = False,
        jit_compile: bool = False,
        replicas: Replicas | None = None,
    ) -> None:
        self.model = model
        self.step = BatchStep(
            model, weighting or get_weighting("sum"), watch_gramian=watch_conflict
        )
        names = [task.name for task in model.tasks]
        self.conflict_columns = conflict_columns(names) if watch_conflict else []
        self.rows = SharedRows(self.step.blocks, labels)
        self.evaluate = MemberEvaluation(
            self.step,
            self.rows,
            lambda statistics: self._all_variables(statistics, self.seeds),
        )
        self.schedule = schedule
        self.epochs = epochs
        self.patience = patience
        self.fill_batches = fill_batches
        # The states of random layers are not statistics of a member: each step
        # derives them from its place, and all members share the noise drawn.
        # (A mapped seed can't be drawn from, and shared noise costs 1 / K.)
        self.dropouts = [
            layer
            for layer in model._flatten_layers()
            if isinstance(layer, VariableRateDropout) and layer.own_rate is not None
        ]
        places = {id(layer.own_rate): i for i, layer in enumerate(self.dropouts)}
        others = model.non_trainable_variables
        self.is_seed = [is_seed(variable) for variable in others]
        # For each variable the number of the layer whose rate it is, if any.
        self.rate_of = [places.get(id(variable)) for variable in others]
        self.seeds = [
            tf.convert_to_tensor(variable)
            for variable, seed in zip(others, self.is_seed, strict=True)
            if seed
        ]
        self.replicas = replicas
        if replicas is not None:
            self.seeds = [replicas.own_seed(seed) for seed in self.seeds]
        # There is no Python control flow on tensors, neither here nor in a step: to
        # look for it in all of Keras takes longer than to trace the program.
        self.run_epoch = tf.function(
            self._run_epoch, jit_compile=jit_compile, autograph=False
        )

    def initial_state(
        self, weights: list, statistics: list, weighting: list[dict]
    ) -> MemberState:
        """Returns the state before the first epoch.

        Args:
            weights: For each trainable variable the members' values, (K, ...).
            statistics: For each other variable likewise, without the states of
                random layers.
            weighting: For each member the weighting's state.
        """
        stacks = [tf.constant(weight) for weight in weights]
        kept = [tf.constant(statistic) for statistic in statistics]
        members = stacks[0].shape[0]
        stacked = {
            name: tf.stack([tf.convert_to_tensor(each[name]) for each in weighting])
            for name in weighting[0]
        }
        return MemberState(
            stacks,
            kept,
            initial_adam_state(stacks, members),
            stacked,
            stacks,
            kept,
            tf.fill([members], float("inf")),
            tf.zeros([members]),
            tf.ones([members]),
        )

    def _run_epoch(
        self,
        state: MemberState,
        own: OwnValues,
        order: tf.Tensor,
        validation_rows: tf.Tensor | None,
        epoch: tf.Tensor,
        inputs: tf.Tensor | tuple,
    ) -> tuple[MemberState, EpochResult]:
        """Goes through all batches once, then through the validation rows.

        Args:
            state: The state before.
            own: See `OwnValues`.
            order: The batches, (K, steps, batch_size), as `batch_order` made.
            validation_rows: (steps, K, rows), as `rows_in_order` made, or None.
            epoch: The epoch's number, from 0.
            inputs: The rows all members share, float32 of shape (N, ...); or
                the iterators that give those of this process's part of the
                batches, and those of the validation. (What a compiled function
                captures lives as long as it does.)

        Returns:
            The state after, and what the epoch is told by.
        """
        source, held_source = inputs if isinstance(inputs, tuple) else (inputs, inputs)
        steps = order.shape[1]
        none = tf.zeros_like(own.loss_weights)
        told = {"losses": none, "counts": none}
        if self.conflict_columns:
            none = tf.zeros([order.shape[0], len(self.conflict_columns)])
            told |= {"conflict": none, "known": none}

        def take_step(index, trained, told):
            trained, more = self._take_step(
                trained, own, state.active, order[:, index], source, (epoch, index)
            )
            return index + 1, trained, {name: told[name] + more[name] for name in told}

        _, trained, told = tf.while_loop(
            lambda index, *_: index < steps, take_step, [0, state.trained(), told]
        )
        state = state._replace(**trained._asdict())
        if self.step.weighting.needs_end_of_epoch:
            new = map_members(self.step.weighting.end_of_epoch, state.weighting)
            state = state._replace(
                weighting=select_state(state.active, new, state.weighting)
            )
        sums, counts = told["losses"], told["counts"]
        if self.replicas is not None:
            sums, counts = self.replicas.total((sums, counts))
        losses = tf.math.divide_no_nan(sums, counts)
        # Nothing known is 0 / 0.
        conflict = told["conflict"] / told["known"] if self.conflict_columns else None
        if validation_rows is None:
            return state, EpochResult(losses, None, None, conflict)
        validation_losses, metrics = self.evaluate(state, validation_rows, held_source)
        state = self._keep_best(state, validation_losses, own, epoch)
        return state, EpochResult(losses, validation_losses, metrics, conflict)

    def _take_step(
        self,
        trained: Trained,
        own: OwnValues,
        active: tf.Tensor,
        rows: tf.Tensor,
        source: Any,
        place: tuple[tf.Tensor, tf.Tensor],
    ) -> tuple[Trained, dict[str, tf.Tensor]]:
        """Trains on one batch of each member.

        Args:
            trained: What training changes.
            own: See `OwnValues`.
            active: Whether a member still trains, (K,).
            rows: The batches' rows, (K, batch_size).
            source: See `SharedRows.gather`.
            place: The epoch and the step in it.

        Returns:
            What it changed, and what it tells: sums, with the counts of what
            was added up.
        """
        part = self._part(rows)
        given = self.rows.gather(part.rows, source)
        result = self._map_step(trained, part, given, own, list(place))
        # A member without rows left in this epoch stays where it is.
        moving = active * tf.cast(tf.reduce_any(rows >= 0, axis=1), tf.float32)
        weights, adam = adam_update(
            trained.weights,
            result.gradients,
            trained.adam,
            own.learning_rate * self._rate_factor(*place, own.steps),
            own.weight_decay,
            moving,
        )
        statistics = select(moving, result.statistics, trained.statistics)
        weighting = result.weighting
        if self.step.weighting.needs_losses_after_step:
            weighting = self._map_after_step(
                weights, statistics, weighting, part, given
            )
        weighting = select_state(moving, weighting, trained.weighting)
        told = {"losses": result.losses * result.counts, "counts": result.counts}
        if result.conflict is not None:
            values, known = result.conflict
            known *= moving[:, None]
            told |= {"conflict": values * known, "known": known}
        return Trained(weights, statistics, adam, weighting), told

    def _map_step(self, trained, part, given, own, place):
        seeds = [seed + tf.cast(place, seed.dtype) for seed in self.seeds]
        row_weights = {
            name: tf.gather(values, tf.maximum(part.rows, 0), batch_dims=1)
            for name, values in own.row_weights.items()
        }

        def one_member(arguments):
            (
                weights,
                statistics,
                weighting,
                rows,
                given,
                loss_weights,
                rates,
                row_weights,
                counts,
            ) = arguments
            result = self.step(
                weights,
                self._all_variables(statistics, seeds, rates),
                self._batch(rows, given, row_weights),
                loss_weights,
                weighting,
                reduce=part.reduce,
                all_counts=counts[0] if counts else None,
            )
            return _MemberStep(
                result.gradients,
                self._statistics(result.statistics),
                result.weighting_state,
                result.losses,
                result.counts,
                conflict_values(result.gramian, result.weights)
                if self.conflict_columns
                else None,
            )

        result = part.map_members(
            one_member,
            (
                trained.weights,
                trained.statistics,
                trained.weighting,
                part.rows,
                given,
                own.loss_weights * part.shares,
                own.dropout,
                row_weights,
                part.counts,
            ),
        )
        if self.replicas is None:
            return result
        gradients, statistics = self.replicas.mean(
            (result.gradients, result.statistics)
        )
        return result._replace(gradients=gradients, statistics=statistics)

    def _part(self, rows) -> _Part:
        """Returns what this process does of a step, given the rows of all."""
        if self.replicas is None:
            return _Part(rows, tf.ones([]), [], None, map_members)
        mean = self._label_counts(rows) / self.replicas.count
        rows = self.replicas.part(rows, NO_ROW)
        shares = replica_shares(self._label_counts(rows), mean)
        if not self.step.exchanges:
            return _Part(rows, shares, [mean], None, map_members)
        return _Part(rows, shares, [mean], self.replicas.mean, unrolled_map)

    def _label_counts(self, rows):
        """Counts the rows with a label, (K, T)."""
        return map_members(
            lambda own: label_counts(self.step.blocks, self.rows.labels(own)),
            rows,
        )

    def _map_after_step(self, weights, statistics, weighting, part, given):
        """Shows the weighting the losses of the same batch after its update."""

        def one_member(arguments):
            weights, statistics, weighting, rows, given, *everywhere = arguments
            _, _, losses, counts, _ = self.step.forward(
                weights,
                self._all_variables(statistics, self.seeds),
                self._batch(rows, given, {}),
                training=False,
            )
            if everywhere and part.reduce is not None:
                shares, counts = everywhere
                losses = part.reduce(losses * shares)
            return self.step.weighting.after_step(losses, weighting, mask=counts > 0)

        everywhere = [part.shares, *part.counts] if part.counts else []
        return part.map_members(
            one_member, (weights, statistics, weighting, part.rows, given, *everywhere)
        )

    def _batch(self, rows, given, row_weights):
        inputs, labels = given
        present = rows >= 0 if self.fill_batches else None
        weights = pack_weights(self.step.blocks, row_weights or None)
        return Batch(inputs, labels, weights, present)

    def _all_variables(self, statistics, seeds, rates=None):
        """Returns values for all the model's variables that are not trained."""
        if rates is None:
            rates = [tf.zeros([]) for _ in self.dropouts]
        statistics, seeds = iter(statistics), iter(seeds)
        return [
            next(seeds if seed else statistics) if rate is None else rates[rate]
            for seed, rate in zip(self.is_seed, self.rate_of, strict=True)
        ]

    def _statistics(self, variables):
        return [
            value
            for value, seed, rate in zip(
                variables, self.is_seed, self.rate_of, strict=True
            )
            if not seed and rate is None
        ]

    def _rate_factor(self, epoch, index, steps):
        """Returns what the learning rates are multiplied by, (K,)."""
        if self.schedule == "constant":
            return tf.ones_like(steps)
        # By a member's own steps: what others do is nothing to it.
        done = tf.cast(epoch, tf.float32) + tf.cast(index, tf.float32) / steps
        return 0.5 * (1 + tf.cos(math.pi * done / self.epochs))

    def _keep_best(self, state, validation_losses, own, epoch):
        """Remembers members at their best, and stops those that wait too long."""
        if not self.patience:
            return state
        joint = tf.reduce_sum(validation_losses * own.loss_weights, axis=1)
        better = tf.cast(joint < state.best_loss, tf.float32) * state.active
        now = tf.cast(epoch + 1, tf.float32)
        best_epoch = tf.where(better > 0, now, state.best_epoch)
        waited = now - best_epoch
        return state._replace(
            best_weights=select(better, state.weights, state.best_weights),
            best_statistics=select(better, state.statistics, state.best_statistics),
            best_loss=tf.where(better > 0, joint, state.best_loss),
            best_epoch=best_epoch,
            active=state.active * tf.cast(waited < self.patience, tf.float32),
        )
