"""Metrics of an epoch: sums over its steps, and names of the results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.block_metrics import (
    BlockMetrics,
    LossTrackers,
    block_metrics,
)
from keras_mtl.engine.batch_step import Tensors
from keras_mtl.engine.gradient_watch import GradientWatch
from keras_mtl.engine.map_members import map_members
from keras_mtl.engine.replicas import Replicas
from keras_mtl.engine.trainer import Trainer
from keras_mtl.metrics import VectorMetric

__all__ = ["EpochMetrics", "LossSums", "MemberMetrics", "ModelMetrics"]


class LossSums(NamedTuple):
    """Sums over the steps of an epoch.

    Attributes:
        losses: The sums of the tasks' losses over rows with a label, (K, T).
        counts: The numbers of these rows, (K, T).
        total: The sum over rows of the batches' joint losses, (K,).
        rows: The number of rows.
        conflict: The sums of `conflict_values` and the numbers of steps with a known
            value, (K, columns) each; empty if conflict is not watched.
    """

    losses: tf.Tensor
    counts: tf.Tensor
    total: tf.Tensor
    rows: tf.Tensor
    conflict: Tensors


class EpochMetrics(Protocol):
    """Interface of the metrics of an `EpochProgram`; only `named` is not compiled."""

    #: Whether `update` may take the rows of many steps at once.
    takes_many_steps: bool

    def reset(self) -> None:
        """Reset the metrics."""

    def begin(self, zero: LossSums) -> LossSums:
        """Return the sums to which the next steps add."""

    def end(self, sums: LossSums) -> None:
        """Store the sums of the last steps."""

    def update(self, batch: Batch, outputs: Any) -> None:
        """Update the metrics with a batch and the outputs of each block."""

    def training_results(self) -> Any:
        """Return the results of training so far, in a few tensors."""

    def evaluation_results(self) -> Any:
        """Return the results of an evaluation so far, in a few tensors."""


class ModelMetrics:
    """The metrics of a compiled Keras model, in its own variables.

    Args:
        model: The compiled model.
        loss_trackers: The trackers of the tasks' losses.
        update: A function that updates the metrics with a batch and the outputs of its
            blocks.
        watched: A function that returns the `GradientWatch` to update, or None.
    """

    def __init__(
        self,
        model: Any,
        loss_trackers: LossTrackers,
        update: Callable[[Batch, Any], Any],
        watched: Callable[[], GradientWatch | None],
    ) -> None:
        self.model = model
        self.loss_trackers = loss_trackers
        self._update = update
        self._watched = watched
        self._names: list[str] = []

    @property
    def takes_many_steps(self) -> bool:
        """Whether all metrics are sums over rows, for any split into batches."""
        return all(
            type(metric) is keras.metrics.Mean
            or type(metric).__module__.startswith("keras_mtl.")
            for metric in self._single_metrics()
        )

    def _single_metrics(self) -> Iterator[Any]:
        for metric in self.model.metrics:
            # Keras wraps the metrics of `compile` in one metric, and so do blocks.
            yield from getattr(metric, "metrics", getattr(metric, "parts", [metric]))

    def reset(self) -> None:
        self.model.reset_metrics()

    def begin(self, zero: LossSums) -> LossSums:
        return zero

    def end(self, sums: LossSums) -> None:
        mean = tf.math.divide_no_nan(sums.total, sums.rows)
        self.model._loss_tracker.update_state(mean, sample_weight=sums.rows)
        self.loss_trackers.total.assign_add(sums.losses)
        self.loss_trackers.count.assign_add(sums.counts)
        watched = self._watched()
        if watched is not None and sums.conflict:
            watched.add(*sums.conflict)

    def update(self, batch: Batch, outputs: Any) -> None:
        self._update(batch, outputs)

    def training_results(self) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Return scalar results as one tensor, and all other results unchanged."""
        names: list[str] = []
        values, others = [], {}
        for metric in self.model.metrics:
            if isinstance(metric, VectorMetric):
                names += metric.names
                values.append(metric.vector())
                continue
            result = metric.result()
            named = result if isinstance(result, dict) else {metric.name: result}
            for name, value in named.items():
                value = tf.convert_to_tensor(value)
                if value.shape.rank:
                    others[name] = value
                else:
                    names.append(name)
                    values.append(tf.cast(value, tf.float32)[None])
        self._names = names
        return tf.concat(values, axis=0), others

    evaluation_results = training_results

    def named(self, results: Any) -> dict[str, Any]:
        """Return results by name."""
        numbers, others = results
        named = dict(zip(self._names, numbers.numpy().tolist(), strict=True))
        return named | {name: value.numpy() for name, value in others.items()}


class MemberMetrics:
    """The losses and metrics of K members.

    Args:
        trainer: The members' trainer.
        replicas: The processes over which training losses are summed.
    """

    takes_many_steps = True

    def __init__(self, trainer: Trainer, replicas: Replicas | None = None) -> None:
        self.trainer = trainer
        self._replicas = replicas
        self._metrics = block_metrics(
            trainer.step.blocks, vectorized=trainer.members is not None
        )
        columns = [
            column
            for _, metric in self._metrics
            for column in zip(metric.tasks, metric.names, strict=True)
        ]
        self._order = sorted(range(len(columns)), key=lambda i: columns[i][0])
        #: The names of the metrics, in the tasks' order.
        self.columns = [columns[i][1] for i in self._order]
        axis = [] if trainer.members is None else [trainer.members]
        tasks = len(trainer.step.blocks.names)
        self._states = [
            _zeros([*axis, *variable.shape], variable.dtype)
            for _, metric in self._metrics
            for variable in metric.variables
        ]
        self._losses = _zeros([*axis, tasks])
        self._counts = _zeros([*axis, tasks])
        width = len(trainer.conflict_columns)
        self._conflict = [_zeros([*axis, width]) for _ in range(2 if width else 0)]

    def reset(self) -> None:
        for variable in [*self._states, self._losses, self._counts, *self._conflict]:
            variable.assign(tf.zeros_like(variable))

    def begin(self, zero: LossSums) -> LossSums:
        # The sums so far. With them, an epoch in several calls rounds as in one call.
        return zero._replace(
            losses=tf.convert_to_tensor(self._losses),
            counts=tf.convert_to_tensor(self._counts),
            conflict=[tf.convert_to_tensor(each) for each in self._conflict],
        )

    def end(self, sums: LossSums) -> None:
        self._losses.assign(sums.losses)
        self._counts.assign(sums.counts)
        for variable, value in zip(self._conflict, sums.conflict, strict=True):
            variable.assign(value)

    def update(self, batch: Batch, outputs: Any) -> None:
        if not self._states:
            return

        def one_member(arguments: Any) -> Tensors:
            labels, outputs, states = arguments
            new: Tensors = []
            parts = zip(self._metrics, self._by_metric(states), strict=True)
            for (block, metric), own in parts:
                new += metric.stateless_update_state(own, labels[block], outputs[block])
            return new

        states = [tf.convert_to_tensor(state) for state in self._states]
        new = self._map(one_member, (batch.labels, outputs, states))
        for variable, value in zip(self._states, new, strict=True):
            variable.assign(value)

    def losses(self) -> tf.Tensor:
        """Return the tasks' mean losses so far, (K, T)."""
        return tf.math.divide_no_nan(
            tf.convert_to_tensor(self._losses), tf.convert_to_tensor(self._counts)
        )

    def training_results(self) -> tf.Tensor:
        """Return losses and conflict, (K, T + columns); unknown values are NaN."""
        sums = tf.convert_to_tensor(self._losses), tf.convert_to_tensor(self._counts)
        if self._replicas is not None:
            sums = self._replicas.total(sums)
        parts = [tf.math.divide_no_nan(*sums)]
        if self._conflict:
            values, known = [tf.convert_to_tensor(each) for each in self._conflict]
            # 0 / 0 if no value is known.
            parts.append(values / known)
        return tf.concat(parts, axis=-1)

    def evaluation_results(self) -> tf.Tensor:
        """Return losses and metrics, (K, T + columns)."""
        if not self._states:
            return self.losses()

        def one_member(states: Tensors) -> tf.Tensor:
            parts = zip(self._metrics, self._by_metric(states), strict=True)
            values = [_vector(metric, own) for (_, metric), own in parts]
            return tf.gather(tf.concat(values, axis=0), self._order)

        states = [tf.convert_to_tensor(state) for state in self._states]
        return tf.concat([self.losses(), self._map(one_member, states)], axis=-1)

    def _map(self, function: Any, arguments: Any) -> Any:
        if self.trainer.members is None:
            return function(arguments)
        return map_members(function, arguments)

    def _by_metric(self, states: Tensors) -> Iterator[Tensors]:
        """Split the list of all metrics' states by metric."""
        start = 0
        for _, metric in self._metrics:
            stop = start + len(metric.variables)
            yield states[start:stop]
            start = stop


def _zeros(shape: list[int], dtype: str = "float32") -> keras.Variable:
    return keras.Variable(np.zeros(shape, dtype), trainable=False, dtype=dtype)


def _vector(metric: BlockMetrics, states: Tensors) -> tf.Tensor:
    """Return a metric's values for given states."""
    known = list(zip(metric.variables, states, strict=True))
    with keras.StatelessScope(state_mapping=known):
        return metric.vector()
