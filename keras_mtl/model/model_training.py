"""State that `compile` adds to a model, and the steps that `fit` runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.block_metrics import LossTrackers, block_metrics
from keras_mtl.blocks.class_weights import weigh_classes
from keras_mtl.blocks.given_metrics import GivenMetrics
from keras_mtl.blocks.model_graph import row_size
from keras_mtl.blocks.task_arguments import (
    losses_by_task,
    metrics_by_task,
    weights_by_task,
)
from keras_mtl.blocks.task_losses import block_losses
from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.epoch import EpochProgram, EpochSettings
from keras_mtl.engine.epoch_metrics import ModelMetrics
from keras_mtl.engine.gradient_watch import GradientWatch
from keras_mtl.engine.layer_rates import rates_by_position
from keras_mtl.engine.replicas import replica_shares
from keras_mtl.engine.trainer import Trainer, Update
from keras_mtl.engine.training_graph import noise_of, training_graph
from keras_mtl.engine.xla_choice import one_program_pays, suits_xla, xla_pays
from keras_mtl.model._strategy_replicas import StrategyReplicas
from keras_mtl.weighting import Weighting
from keras_mtl.weighting import get as get_weighting

__all__ = ["ModelTraining"]

# The largest number of layer outputs per call of an evaluation, unless one batch has
# more.
NUMBERS_AT_ONCE = 2**22


class ModelTraining:
    """The training of one compiled model.

    Args:
        model: The compiled model.
        weighting: The weighting, a name or an instance.
        loss: See `MultiTaskModel.compile`.
        loss_weights: See `MultiTaskModel.compile`.
        weight_heads: See `BatchStep`.
        metrics: See `MultiTaskModel.compile`.
        weighted_metrics: See `MultiTaskModel.compile`.
        jit_compile: Whether XLA compiles epochs: True, False or `"auto"`, which uses
            XLA where it saves time.
        layer_rates: See `MultiTaskModel.compile`.
    """

    def __init__(
        self,
        model: Any,
        weighting: str | Weighting,
        loss: Any = None,
        loss_weights: Any = None,
        weight_heads: bool | None = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        jit_compile: bool | str = "auto",
        layer_rates: Mapping[str, float] | None = None,
    ) -> None:
        weighting = get_weighting(weighting)
        self.model = model
        self.jit_compile = jit_compile
        losses = losses_by_task(model.tasks, loss)
        given = metrics_by_task("metrics", model.tasks, metrics)
        weighted = metrics_by_task("weighted_metrics", model.tasks, weighted_metrics)
        for task in model.tasks:
            if task.name in weighted:
                given.setdefault(task.name, task.metrics())
        self._step_settings: dict[str, Any] = {
            "weighting": weighting,
            "losses": losses,
            "weight_heads": weight_heads,
            "own_metrics": tuple(given),
        }
        _require_full_precision(model)
        #: Factors of the learning rate by position in `trainable_variables`.
        self.rates = rates_by_position(model, layer_rates)
        self.step = BatchStep(model, **self._step_settings)
        # `BatchStep` uses the sum if the model has nothing to balance.
        self._step_settings["weighting"] = self.step.weighting
        self.loss_weights = weights_by_task(model.tasks, loss_weights)
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
        self.loss_trackers = LossTrackers(self.task_names)
        self.block_metrics = block_metrics(self.step.blocks)
        kinds = {task.name: task for task in model.tasks}
        self.given_metrics = [
            (
                number,
                GivenMetrics(
                    kinds[name], given[name], weighted.get(name, ()), losses.get(name)
                ),
            )
            for number, block in enumerate(self.step.blocks.blocks)
            for name in block.names
            if given.get(name) or weighted.get(name)
        ]
        #: The tasks that `loss` excludes from training.
        self.tasks_with_given_loss = frozenset(losses)
        self.task_losses = {
            task.name: losses[task.name] if task.name in losses else task.loss()
            for task in model.tasks
        }
        self.untrained = frozenset(name for name, one in losses.items() if one is None)
        self.planned_steps = 0
        self.planned_epochs = 0
        self._trainer: Trainer | None = None
        self._program: EpochProgram | None = None
        self._built = False

    @property
    def suits_xla(self) -> bool:
        """Whether XLA can compile all metrics that were passed to `compile`."""
        return all(given.suits_xla for _, given in self.given_metrics)

    def watch(self, on: bool) -> None:
        """Start or stop measuring how the tasks' gradients conflict."""
        self.step.watch_gramian = on
        self.watched = GradientWatch(self.task_names) if on else None
        self._program = None

    def train(self, batch: Batch) -> Any:
        """Make one update, and return the outputs before it, by block."""
        batch = weigh_classes(self.step.blocks, batch, self.class_weights)
        if self._trainer is None:
            self._trainer = self._make_trainer(self.step)
        exchange = StrategyReplicas.of_context()
        update = self._trainer.train(batch, exchange=exchange)
        if self.watched is not None:
            self.watched.add(*update.conflict)
        self.track(batch, update, exchange)
        self.measure(batch, update.outputs)
        return update.outputs

    def test(self, batch: Batch) -> Any:
        """Update losses and metrics, and return the outputs, by block."""
        if self._trainer is None:
            self._trainer = self._make_trainer(self.step)
        update = self._trainer.evaluate(batch)
        self.track(batch, update, StrategyReplicas.of_context())
        self.measure(batch, update.outputs)
        return update.outputs

    def losses(self, batch: Batch, outputs: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the tasks' losses and numbers of rows with a label, (T,) each."""
        blocks = self.step.blocks
        losses, counts = block_losses(
            blocks, outputs, batch.labels, batch.sample_weights
        )
        return blocks.in_order(losses), blocks.in_order(counts)

    def measure(self, batch: Batch, outputs: Any) -> None:
        """Update all metrics with a batch and the outputs of its blocks."""
        for block, metric in self.block_metrics:
            metric.update_state(batch.labels[block], outputs[block])
        # A task with its own metrics is a separate block.
        for block, given in self.given_metrics:
            labels, weights = batch.labels[block], batch.sample_weights
            if labels is None:
                continue
            if isinstance(weights, tuple):
                weights = weights[block]
                weights = None if weights is None else weights[:, 0]
            given.update_state(labels[:, 0], outputs[block][0], weights)

    def logged(self, values: dict[str, Any], labeled: Collection[str]) -> Any:
        """Leave out the losses and metrics of tasks that have no labels.

        Args:
            values: Losses and metrics by name.
            labeled: The tasks that have labels in the data.

        Returns:
            The dict without these values, and without the losses of tasks that are not
            trained.
        """
        hidden: set[str] = set()
        for task, name in zip(self.task_names, self.loss_trackers.names, strict=True):
            if task not in labeled or task in self.untrained:
                hidden.add(name)
        for _, metric in self.block_metrics:
            owners = [self.task_names[position] for position in metric.tasks]
            hidden |= {
                name
                for task, name in zip(owners, metric.names, strict=True)
                if task not in labeled
            }
        for _, given in self.given_metrics:
            if given.task not in labeled:
                hidden |= set(given.result())
        return {name: one for name, one in values.items() if name not in hidden}

    def track(
        self, batch: Batch, update: Update, exchange: StrategyReplicas | None
    ) -> None:
        """Update the loss trackers with the losses of a batch."""
        losses = update.losses
        if exchange is not None:
            mean = exchange.mean(update.counts)
            losses = exchange.mean(losses * replica_shares(update.counts, mean))
        total = tf.reduce_sum(losses * self.constant_weights()) + update.added_loss
        rows = tf.shape(tf.nest.flatten(batch.inputs)[0])[0]
        tracker = self.model._loss_tracker
        tracker.update_state(total, sample_weight=tf.cast(rows, tf.float32))
        self.loss_trackers.update_state(losses, update.counts)

    def constant_weights(self) -> tf.Tensor:
        """Return the constant factors of the tasks' losses, (T,)."""
        if all(isinstance(weight, int | float) for weight in self.loss_weights):
            return tf.constant(self.loss_weights, tf.float32)
        return tf.stack([tf.cast(weight, tf.float32) for weight in self.loss_weights])

    def end_of_epoch(self) -> None:
        """Inform a weighting that changes once per epoch of the end of an epoch."""
        if self.step.weighting.needs_end_of_epoch:
            self._make_trainer(self.step).end_epoch()

    def build(self, batch: Batch) -> None:
        """Make the variables that Keras makes at the first batch.

        Args:
            batch: One row.
        """
        if self._built:
            return
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        # A compiled function cannot make variables, so one row runs uncompiled.
        self.test(batch)
        self.model.reset_metrics()
        self._built = True

    def program(self) -> EpochProgram:
        """Return the compiled epoch for the current settings."""
        wants_xla = self.jit_compile if self.suits_xla else False
        if wants_xla == "auto":
            # Later fits of a model reuse its compiled program, so the steps of all its
            # fits count, past ones included.
            wants_xla = xla_pays(self.planned_steps)
        one_program = bool(wants_xla) and one_program_pays(self.planned_epochs)
        program = self._program
        if (
            program is not None
            and program.settings.jit_compile >= bool(wants_xla)
            and program.settings.one_xla_program >= one_program
        ):
            return program
        if program is None:
            graph = _fed_graph(self.model)
            step = self.step
            if graph is not self.model:
                step = BatchStep(graph, **self._step_settings)
                step.watch_gramian = self.step.watch_gramian
            trainer = self._make_trainer(step)
        else:
            trainer = program.trainer
        if self.jit_compile == "auto" and wants_xla:
            wants_xla = self.suits_xla and suits_xla(trainer.step.model, trainer.noise)
            if program is not None and not wants_xla:
                return program
        metrics = ModelMetrics(
            self.model, self.loss_trackers, self.measure, self._watched
        )
        settings = EpochSettings(
            one_model=True,
            jit_compile=bool(wants_xla) and not self.model.run_eagerly,
            one_xla_program=one_program,
            run_eagerly=self.model.run_eagerly,
        )
        self._program = EpochProgram(trainer, metrics, settings)
        return self._program

    def rows_at_once(self, batch_size: int) -> int:
        """Return how many rows of an evaluation the model processes at once."""
        return max(batch_size, NUMBERS_AT_ONCE // row_size(self.model, True))

    def _watched(self) -> GradientWatch | None:
        return self.watched

    def _make_trainer(self, step: BatchStep) -> Trainer:
        return Trainer(
            step,
            self.model.trainable_variables,
            self.model.non_trainable_variables,
            self.model.optimizer,
            self.weighting_state,
            self.constant_weights,
            noise_of(step),
            rates=self.rates,
        )


def _fed_graph(model: Any) -> Any:
    """Return the graph with its noise fed in, if the model can be copied."""
    graph = training_graph(model)
    alike = [
        (variable.shape, variable.dtype, variable.trainable)
        for variable in graph.variables
    ] == [
        (variable.shape, variable.dtype, variable.trainable)
        for variable in model.variables
    ]
    # A copy from an incomplete configuration would be another model.
    return graph if alike else model


def _require_full_precision(model: Any) -> None:
    """Raise an error for weights in half precision, which lose small updates."""
    half = [
        variable
        for variable in model.trainable_variables
        if variable.dtype in ("float16", "bfloat16")
    ]
    if half:
        raise ValueError(
            f"Expected trainable weights in float32. Received: {half[0].path} in "
            f"{half[0].dtype}. Make the model under the dtype policy "
            f"'mixed_{half[0].dtype}', which computes in {half[0].dtype} and keeps "
            "the weights in float32."
        )
