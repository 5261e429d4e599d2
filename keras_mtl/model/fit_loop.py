"""`fit` on rows in memory: Keras's callbacks around compiled epochs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.engine.chunks import Chunk, HeldOut
from keras_mtl.engine.epoch import EpochProgram
from keras_mtl.engine.rows import RowOrder
from keras_mtl.model.callbacks import (
    PlainCallbackList,
    begins_tests,
    warn_of_batches,
    watches_test_batches,
    watches_train_batches,
)
from keras_mtl.model.model_training import ModelTraining

__all__ = ["FitSettings", "fit_in_memory"]

# A call of the compiled loop cannot show a progress bar or be interrupted.
STEPS_PER_CALL = 1000

Logs = dict[str, Any]


@dataclass(frozen=True)
class FitSettings:
    """Arguments of `keras.Model.fit`, with the same meaning.

    Attributes:
        batch_size: The number of rows per update.
        epochs: The number of the last epoch plus 1.
        verbose: The verbosity of the progress bar.
        shuffle: Whether each epoch has a new order of rows.
        initial_epoch: The number of the first epoch, from 0.
        validation_freq: The number of epochs per validation, or the epochs with a
            validation, counted from 1.
        validation_batch_size: The number of rows per step of the evaluation.
    """

    batch_size: int
    epochs: int
    verbose: Any
    shuffle: bool
    initial_epoch: int
    validation_freq: int | Collection[int]
    validation_batch_size: int

    def validates(self, epoch: int) -> bool:
        """Return whether an evaluation follows an epoch, counted from 0."""
        if isinstance(self.validation_freq, int):
            return (epoch + 1) % self.validation_freq == 0
        return epoch + 1 in self.validation_freq


def fit_in_memory(
    model: Any,
    training: ModelTraining,
    rows: Batch,
    settings: FitSettings,
    callbacks: Any,
    held_out: Batch | None = None,
    evaluate: Callable[[keras.callbacks.CallbackList], Logs] | None = None,
    labeled: Collection[str] = (),
    held_out_labeled: Collection[str] = (),
) -> keras.callbacks.History:
    """Train a model as `keras.Model.fit` does, in fewer calls.

    If a callback acts at each batch, a call has one step, or `steps_per_execution`
    steps. Otherwise a call has as many steps as an epoch.

    Args:
        model: The compiled model.
        training: The state that `compile` added to the model.
        rows: The training rows.
        settings: The arguments of `fit`.
        callbacks: Callbacks, or a `CallbackList`.
        held_out: The rows for the evaluation after an epoch, if they are in memory.
        evaluate: A function that evaluates on other data by Keras's own loop.
        labeled: The names of the tasks with labels in the training rows.
        held_out_labeled: The names of the tasks with labels in the held-out rows.

    Returns:
        The history.
    """
    steps = -(-rows.row_count // settings.batch_size)
    if not isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = PlainCallbackList(
            callbacks,
            add_history=True,
            add_progbar=settings.verbose != 0,
            verbose=settings.verbose,
            epochs=settings.epochs,
            steps=steps,
            model=model,
        )
    order = RowOrder(rows.row_count, settings.shuffle)
    # The variables must exist, since a callback may restore them.
    training.build(rows.take([0]))
    model.stop_training = False
    callbacks.on_train_begin()
    # Set by a callback that resumes interrupted training.
    initial_epoch = model._initial_epoch or settings.initial_epoch
    planned = max(settings.epochs - initial_epoch, 0)
    training.planned_epochs += planned
    training.planned_steps += planned * steps
    loop = _Loop(model, training, rows, settings, callbacks, held_out, evaluate)
    loop.labeled, loop.held_out_labeled = labeled, held_out_labeled
    logs: Logs | None = None
    for epoch in range(initial_epoch, settings.epochs):
        callbacks.on_epoch_begin(epoch)
        logs = loop.epoch(epoch, order.draw())
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    loop.program.release_rows()
    if settings.epochs > 0:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end(logs=logs)
    return model.history


class _Loop:
    """The calls of one fit. See `fit_in_memory`."""

    def __init__(
        self,
        model: Any,
        training: ModelTraining,
        rows: Batch,
        settings: FitSettings,
        callbacks: keras.callbacks.CallbackList,
        held_out: Batch | None,
        evaluate: Callable[[keras.callbacks.CallbackList], Logs] | None,
    ) -> None:
        self.model, self.training, self.settings = model, training, settings
        self.rows, self.callbacks, self.evaluate = rows, callbacks, evaluate
        self.labeled: Collection[str] = ()
        self.held_out_labeled: Collection[str] = ()
        self.program: EpochProgram = training.program()
        outputs = sum(
            int(np.prod([size or 1 for size in each.shape[1:]]))
            for each in tf.nest.flatten(model.output)
        )
        self.steps_per_call = min(
            STEPS_PER_CALL, self.program.steps_at_once(settings.batch_size, outputs)
        )
        each = callbacks.callbacks
        watching = watches_train_batches(each)
        self.by_batches = bool(watching) or model.run_eagerly
        if self.by_batches:
            self.steps_per_call = model.steps_per_execution
        if watching and rows.row_count > self.steps_per_call * settings.batch_size:
            warn_of_batches(watching)
        self.parts: list[HeldOut] = []
        if held_out is not None and not watches_test_batches(each):
            at_once = training.rows_at_once(settings.validation_batch_size)
            self.parts = _parts(held_out, at_once)
        # One call with the last steps, if no callback acts between.
        self.joined = (
            len(self.parts) == 1 and not begins_tests(each) and not self.by_batches
        )

    def epoch(self, number: int, order: np.ndarray) -> Logs:
        """Train for an epoch, and evaluate after it."""
        validates = self.settings.validates(number) and (
            bool(self.parts) or self.evaluate is not None
        )
        logs: Logs = {}
        evaluation = None
        step = 0
        calls = self._calls(order)
        for index, (chunks, steps) in enumerate(calls):
            joined = self.joined and validates and index == len(calls) - 1
            self.callbacks.on_train_batch_begin(step)
            result = self.program(
                self.rows,
                chunks,
                self.parts[0] if joined else None,
                begin=index == 0,
            )
            taken = int(result.steps)
            step += taken
            logs = self.training.logged(
                self.program.metrics.named(result.training), self.labeled
            )
            self.callbacks.on_train_batch_end(step - 1, logs)
            if joined:
                evaluation = result.evaluation
            if self.model.stop_training or taken < steps:
                break
        if validates:
            measured = self._evaluate(evaluation)
            logs |= {f"val_{name}": value for name, value in measured.items()}
        return logs

    def _evaluate(self, evaluation: Any) -> Logs:
        """Return the metrics on held-out rows, and compute them if necessary."""
        if not self.parts:
            assert self.evaluate is not None
            return self.evaluate(self.callbacks)
        self.callbacks.on_test_begin()
        self.callbacks.on_test_batch_begin(0)
        if evaluation is None:
            for index, part in enumerate(self.parts):
                evaluation = self.program(held_out=part, begin=index == 0).evaluation
        logs = self.training.logged(
            self.program.metrics.named(evaluation), self.held_out_labeled
        )
        self.callbacks.on_test_batch_end(len(self.parts) - 1, logs)
        self.callbacks.on_test_end(logs)
        return logs

    def _calls(self, order: np.ndarray) -> list[tuple[list[Chunk], int]]:
        """Split an epoch's order into calls, each with its number of steps."""
        size = self.settings.batch_size
        full = len(order) // size
        per_call = min(self.steps_per_call, max(full, 1))
        batches = order[: full * size].reshape(full, size)
        calls: list[tuple[list[Chunk], int]] = []
        for first in range(0, full, per_call):
            part = batches[first : first + per_call]
            steps = len(part)
            if steps < per_call:
                # A call of another shape would be compiled again.
                part = np.concatenate(
                    [part, np.zeros((per_call - steps, size), "int32")]
                )
            calls.append(([_chunk(part, steps)], steps))
        rest = order[full * size :]
        if len(rest):
            tail = _chunk(rest[None], 1)
            if calls and not self.by_batches:
                chunks, steps = calls[-1]
                calls[-1] = ([*chunks, tail], steps + 1)
            else:
                calls.append(([tail], 1))
        return calls


def _chunk(order: np.ndarray, steps: int) -> Chunk:
    zero = tf.constant(0)
    return Chunk(tf.constant(order), tf.constant(steps), None, zero, zero)


def _parts(rows: Batch, size: int) -> list[HeldOut]:
    """Split all rows into parts of at most `size` rows."""
    if rows.row_count <= size:
        return [HeldOut(rows, None, None)]

    def part(first: int) -> HeldOut:
        return HeldOut(rows.map(lambda each: each[first : first + size]), None, None)

    return [part(first) for first in range(0, rows.row_count, size)]
