"""What `compile` adds to a model, and the step that Keras's `fit` runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.training.batch import Batch
from keras_mtl.training.batch_step import BatchStep
from keras_mtl.training.block_metrics import LossTrackers, block_metrics
from keras_mtl.training.class_weights import weigh_classes
from keras_mtl.training.gradient_watch import GradientWatch
from keras_mtl.training.replica_shares import replica_shares
from keras_mtl.training.task_losses import label_counts
from keras_mtl.weighting import Weighting
from keras_mtl.weighting import get as get_weighting

__all__ = ["CompiledTraining"]


class _Replicas(NamedTuple):
    """The part that this replica has in a batch.

    Attributes:
        reduce: The mean over replicas of a tensor; None for one replica.
        shares: See `replica_shares`.
        counts: The mean over replicas of the rows with a label, (T,); None for
            one replica.
    """

    reduce: Any
    shares: tf.Tensor
    counts: tf.Tensor | None

    def whole(self, losses: tf.Tensor) -> tf.Tensor:
        """Returns the losses of the whole batch."""
        return losses if self.reduce is None else self.reduce(losses * self.shares)


class CompiledTraining:
    """Drives the pure step of one batch on a model's own variables.

    Args:
        model: The compiled model.
        weighting: A name or an instance.
        losses: Losses by task name, in place of the tasks' own.
        loss_weights: Weights by task name, in place of the tasks' own.
        weight_heads: See `BatchStep`.
        metrics: Metrics by task name, in place of the tasks' own.
    """

    def __init__(
        self,
        model: Any,
        weighting: str | Weighting,
        losses: Mapping[str, Any] | None = None,
        loss_weights: Mapping[str, float] | None = None,
        weight_heads: bool | None = None,
        metrics: Mapping[str, Any] | None = None,
    ) -> None:
        weighting = get_weighting(weighting)
        self.step = BatchStep(
            model, weighting, losses, weight_heads, own_metrics=tuple(metrics or ())
        )
        given = loss_weights or {}
        self.loss_weights = [
            given.get(task.name, task.loss_weight) for task in model.tasks
        ]
        self.weighting_state = {
            name: keras.Variable(
                value,
                trainable=False,
                dtype=value.dtype.name,
                # All replicas see the same losses and inner products.
                aggregation="only_first_replica",
                name=f"weighting_{name}",
            )
            for name, value in self.step.initial_weighting_state().items()
        }
        self.task_names = [task.name for task in model.tasks]
        self.watched: GradientWatch | None = None
        self.class_weights: dict[str, np.ndarray] = {}
        self.loss_trackers = LossTrackers([task.name for task in model.tasks])
        self.block_metrics = block_metrics(self.step.blocks)

    def watch(self, on: bool) -> None:
        """Starts or stops measuring how the tasks' gradients conflict."""
        self.step.watch_gramian = on
        self.watched = GradientWatch(self.task_names) if on else None

    def set_class_weights(self, tables: dict[str, np.ndarray]) -> bool:
        """Sets what rows of a class count, and says whether this is a change."""
        before, self.class_weights = self.class_weights, tables
        return before.keys() != tables.keys() or any(
            not np.array_equal(table, before[name]) for name, table in tables.items()
        )

    def train(self, model: Any, batch: Batch) -> tuple[tf.Tensor, ...]:
        """Makes one update, and returns the outputs it was made from, by block."""
        batch = weigh_classes(self.step.blocks, batch, self.class_weights)
        replicas = self._replicas(batch)
        result = self.step(
            [tf.convert_to_tensor(value) for value in model.trainable_variables],
            [tf.convert_to_tensor(value) for value in model.non_trainable_variables],
            batch,
            self._constant_weights() * replicas.shares,
            {
                name: tf.convert_to_tensor(variable)
                for name, variable in self.weighting_state.items()
            },
            loss_scale=model.optimizer.scale_loss(tf.ones([])),
            reduce=replicas.reduce,
            all_counts=replicas.counts,
        )
        for variable, value in zip(
            model.non_trainable_variables, result.statistics, strict=True
        ):
            variable.assign(value)
        # Keras's optimizers sum over the replicas.
        count = tf.distribute.get_strategy().num_replicas_in_sync
        gradients = [gradient / count for gradient in result.gradients]
        model.optimizer.apply(gradients, model.trainable_variables)
        state = result.weighting_state
        if self.step.weighting.needs_losses_after_step:
            _, losses, counts, _ = self._evaluate(model, batch)
            losses = replicas.whole(losses)
            mask = (counts if replicas.counts is None else replicas.counts) > 0
            state = self.step.weighting.after_step(losses, state, mask=mask)
        for name, variable in self.weighting_state.items():
            variable.assign(state[name])
        if self.watched is not None:
            self.watched.update(result.gramian, result.weights)
        losses = replicas.whole(result.losses)
        self._track(batch, losses, result.counts, result.added_loss)
        self._measure(batch, result.outputs)
        return result.outputs

    def test(self, model: Any, batch: Batch) -> tuple[tf.Tensor, ...]:
        """Updates losses and metrics, and returns the outputs, by block."""
        outputs, losses, counts, added = self._evaluate(model, batch)
        self._track(batch, self._replicas(batch).whole(losses), counts, added)
        self._measure(batch, outputs)
        return outputs

    def losses_are_finite(self) -> Any:
        """Says whether no task's loss has been NaN or infinite in this epoch."""
        totals = tf.convert_to_tensor(self.loss_trackers.total)
        return tf.reduce_all(tf.math.is_finite(totals))

    def end_of_epoch(self) -> None:
        """Lets a weighting that goes by epochs go on to the next one."""
        if not self.step.weighting.needs_end_of_epoch:
            return
        state = {
            name: tf.convert_to_tensor(variable)
            for name, variable in self.weighting_state.items()
        }
        for name, value in self.step.weighting.end_of_epoch(state).items():
            self.weighting_state[name].assign(value)

    def _evaluate(self, model, batch):
        outputs, _, losses, counts, added = self.step.forward(
            [tf.convert_to_tensor(value) for value in model.trainable_variables],
            [tf.convert_to_tensor(value) for value in model.non_trainable_variables],
            batch,
            training=False,
        )
        return outputs, losses, counts, tf.zeros([]) if added is None else added

    def _replicas(self, batch: Batch) -> _Replicas:
        context = tf.distribute.get_replica_context()
        if context is None or context.strategy.num_replicas_in_sync == 1:
            return _Replicas(None, tf.ones([]), None)

        def reduce(value):
            return context.all_reduce(tf.distribute.ReduceOp.MEAN, value)

        own = label_counts(self.step.blocks, batch.labels)
        mean = reduce(own)
        return _Replicas(reduce, replica_shares(own, mean), mean)

    def _constant_weights(self):
        if all(isinstance(weight, int | float) for weight in self.loss_weights):
            return tf.constant(self.loss_weights, tf.float32)
        return tf.stack([tf.cast(weight, tf.float32) for weight in self.loss_weights])

    def _track(self, batch, losses, counts, added) -> None:
        total = tf.reduce_sum(losses * self._constant_weights()) + added
        rows = tf.shape(tf.nest.flatten(batch.inputs)[0])[0]
        tracker = self.step.model._loss_tracker
        tracker.update_state(total, sample_weight=tf.cast(rows, tf.float32))
        self.loss_trackers.update_state(losses, counts)

    def _measure(self, batch: Batch, outputs: tuple[tf.Tensor, ...]) -> None:
        for block, metric in self.block_metrics:
            metric.update_state(batch.labels[block], outputs[block])
