"""`fit` on rows in memory: Keras's callbacks around compiled epochs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import keras

from keras_mtl.training.batch import Batch
from keras_mtl.training.batch_hooks import watches_train_batches
from keras_mtl.training.epoch_program import EpochProgram, Logs
from keras_mtl.training.rows_in_memory import RowOrder

__all__ = ["FitSettings", "evaluate_in_memory", "fit_in_memory"]

# A call of the compiled loop can't show a progress bar or be interrupted.
STEPS_A_CALL = 1000


@dataclass(frozen=True)
class FitSettings:
    """Arguments of `keras.Model.fit`, in its meaning.

    Attributes:
        batch_size: The rows of an update.
        epochs: The number after the last epoch's.
        verbose: What is shown.
        shuffle: Whether each epoch has an order of its own.
        initial_epoch: The first epoch's number.
        validation_freq: Each how many epochs, or after which, counted from 1.
    """

    batch_size: int
    epochs: int
    verbose: Any
    shuffle: bool
    initial_epoch: int
    validation_freq: int | Collection[int]

    def validates(self, epoch: int) -> bool:
        """Says whether an evaluation follows an epoch, counted from 0."""
        if isinstance(self.validation_freq, int):
            return (epoch + 1) % self.validation_freq == 0
        return epoch + 1 in self.validation_freq


def fit_in_memory(
    model: Any,
    make_program: Callable[[], EpochProgram],
    rows: Batch,
    settings: FitSettings,
    callbacks: Any,
    evaluate: Callable[[keras.callbacks.CallbackList], Logs] | None = None,
) -> keras.callbacks.History:
    """Trains a model as `keras.Model.fit` does, in fewer calls.

    Where a callback watches batches, a call is of one step (or as many as
    `steps_per_execution` says), else of as many as an epoch has.

    Args:
        model: The compiled model.
        make_program: Returns its steps, compiled for what is watched now.
        rows: The training rows.
        settings: How to train.
        callbacks: Callbacks, or a `CallbackList`.
        evaluate: Returns the measures of an evaluation after an epoch.

    Returns:
        The history.
    """
    order = RowOrder(rows.row_count, settings.shuffle)
    steps = -(-order.count // settings.batch_size)
    if not isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = keras.callbacks.CallbackList(
            callbacks,
            add_history=True,
            add_progbar=settings.verbose != 0,
            verbose=settings.verbose,
            epochs=settings.epochs,
            steps=steps,
            model=model,
        )
    steps_a_call = STEPS_A_CALL
    if model.run_eagerly or watches_train_batches(callbacks.callbacks):
        steps_a_call = model.steps_per_execution
    # A callback may restore variables, and must find them made.
    make_program().build(rows)
    model.stop_training = False
    callbacks.on_train_begin()
    # Another one may watch what the steps so far do not tell.
    program = make_program()
    program.build(rows)
    # Set by a callback that takes up an interrupted training.
    initial_epoch = model._initial_epoch or settings.initial_epoch
    program.plan(max(settings.epochs - initial_epoch, 0) * steps)
    logs: Logs | None = None
    for epoch in range(initial_epoch, settings.epochs):
        program.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        logs = _train_epoch(
            model, program, rows, order, settings.batch_size, steps_a_call, callbacks
        )
        if evaluate is not None and settings.validates(epoch):
            measures = evaluate(callbacks)
            logs |= {f"val_{name}": value for name, value in measures.items()}
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    if settings.epochs > 0:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end(logs=logs)
    return model.history


def evaluate_in_memory(
    program: EpochProgram,
    rows: Batch,
    batch_size: int,
    callbacks: keras.callbacks.CallbackList,
) -> Logs:
    """Evaluates a model as `keras.Model.evaluate` does, in one call.

    Args:
        program: The model's steps.
        rows: The rows.
        batch_size: How many go through the model at once, at least.
        callbacks: None of them watches batches of an evaluation.
    """
    callbacks.on_test_begin()
    callbacks.on_test_batch_begin(0)
    logs = program.evaluate(rows, batch_size)
    callbacks.on_test_batch_end(-(-rows.row_count // batch_size) - 1, logs)
    callbacks.on_test_end(logs)
    return logs


def _train_epoch(
    model, program, rows, order, batch_size, steps_a_call, callbacks
) -> Logs:
    steps = -(-order.count // batch_size)
    drawn = order.draw()
    logs: Logs = {}
    step = 0
    while step < steps and not model.stop_training:
        last = min(step + steps_a_call, steps)
        callbacks.on_train_batch_begin(step)
        step, logs = program.train(rows, drawn, batch_size, step, last)
        callbacks.on_train_batch_end(step - 1, logs)
    return logs
