"""Training many members of one architecture at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import tensorflow as tf

from keras_mtl.training.batch_order import batch_order, rows_in_order, steps_an_epoch
from keras_mtl.training.epoch_inputs import epoch_inputs
from keras_mtl.training.initial_values import initial_values
from keras_mtl.training.member_copies import set_seed, weighting_state
from keras_mtl.training.member_history import (
    column_names,
    require_finite,
    row_of_history,
)
from keras_mtl.training.member_model import dropout_layers, member_model
from keras_mtl.training.member_program import MemberProgram
from keras_mtl.training.member_settings import MemberSettings
from keras_mtl.training.multi_task_model import MultiTaskModel
from keras_mtl.training.own_values import own_values
from keras_mtl.training.progress import Progress
from keras_mtl.training.replicas import Replicas
from keras_mtl.training.settings import TrainingSettings
from keras_mtl.training.trained_members import TrainedMembers
from keras_mtl.weighting import Weighting
from keras_mtl.weighting import get as get_weighting

__all__ = ["MemberFit", "fit_members"]


@dataclass(frozen=True)
class MemberFit:
    """What training gave.

    Attributes:
        members: The trained models, each made when it is asked for.
        history: For each of Keras's column names an array of shape (epochs,
            members); NaN where a member had stopped before.
        epochs: The epoch whose weights each member has, from 1.
    """

    members: Sequence[MultiTaskModel]
    history: dict[str, np.ndarray]
    epochs: np.ndarray

    def mean_history(self) -> dict[str, np.ndarray]:
        """The history's mean over the members, (epochs,).

        A member that has stopped counts with its last values: the mean of the
        others alone would jump each time one stops.
        """
        columns = {name: pd.DataFrame(values) for name, values in self.history.items()}
        return {
            name: values.ffill().mean(axis=1).to_numpy()
            for name, values in columns.items()
        }


def fit_members(
    model: MultiTaskModel,
    inputs: np.ndarray,
    labels: dict[str, np.ndarray],
    settings: TrainingSettings,
    rows: Sequence[np.ndarray] | None = None,
    validation_rows: Sequence[np.ndarray] | None = None,
    seed: int = 0,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    weighting: str | Weighting | None = None,
    own: MemberSettings | None = None,
    watch_conflict: bool | None = None,
    jit_compile: bool | None = None,
    resume_from: Progress | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    replicas: Replicas | None = None,
) -> MemberFit:
    """Trains several members of one architecture in one program.

    Each member ends where it would end alone with the same seed and rows.

    Any architecture of Keras's layers serves. A batch with fewer rows than
    others gives what these rows alone give, in a batch normalisation too.
    Where members' rows don't fill all batches, two kinds of layer are refused:
    those with an activity regulariser, and batch normalisations that a layer
    of your own makes inside. What such a layer adds up over rows itself can't
    be told apart: choose a batch size then that divides the rows.

    Args:
        model: The architecture, a model of an encoded matrix. Its variables
            are left as they are.
        inputs: The rows all members share, float32 of shape (N, ...). A
            `np.memmap` stays on its disk and is streamed, with the same result.
        labels: By task name, (N,) or (N, labels); NaN is missing.
        settings: How to train.
        rows: For each member the numbers of its training rows. By default all
            rows for each of `settings.members`.
        validation_rows: For each member the numbers of its validation rows.
        seed: Member k draws its weights and its batches from (seed, k).
        on_epoch: Called after each epoch with its number, from 1, and the
            means over the members, by column name; one that has stopped
            counts with its last values.
        weighting: How the tasks are combined, in place of the settings' name.
        own: What each member has of its own in place of the settings.
        watch_conflict: Whether the history tells how the tasks' gradients
            conflict, in place of the settings' answer: the columns that
            `keras_mtl.analysis.conflict_columns` names, as means over a
            member's steps of the epoch.
        jit_compile: Whether XLA compiles the epoch: slow to start, fast after.
            By default where the fit is long enough to repay it and there is no
            dropout, for which XLA draws other noise.
        resume_from: Where training of the same members on the same data was
            stopped; it ends as if it had not been.
        on_progress: Called after each epoch with all that is needed to go on
            from there.
        replicas: The processes that each take a part of every batch. All call
            this with the same arguments, and get the same members.

    Returns:
        The trained members and their history.

    Raises:
        ValueError: When patience is asked for without validation rows, or a
            layer can't serve members with unequal numbers of rows.
        UserError: When what members have of their own can't serve.
        FloatingPointError: When a task's loss is no longer finite; names it.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> model = build_hard_sharing(2, [BinaryTask("heart")], trunk=(4,))
    >>> x = np.random.default_rng(0).normal(size=(64, 2)).astype("float32")
    >>> y = {"heart": (x[:, 0] > 0).astype("float32")}
    >>> fit = fit_members(model, x, y, TrainingSettings(members=3, epochs=2))
    >>> len(fit.members), fit.history["heart_loss"].shape
    (3, (2, 3))
    """
    own = own or MemberSettings()
    if rows is None:
        rows = [np.arange(len(inputs))] * (own.count() or settings.members)
    if settings.patience and validation_rows is None:
        raise ValueError(
            "Invalid value received for argument `validation_rows`. Expected rows "
            "for each member, as `patience` stops on the validation loss. "
            f"Received: None with patience={settings.patience}"
        )
    tasks = [task.name for task in model.tasks]
    layers = [layer.name for layer in dropout_layers(model)]
    own.check(len(rows), len(inputs), tasks, layers)
    numbers = range(len(rows)) if own.numbers is None else own.numbers
    first = initial_values(model, seed, numbers)
    steps = steps_an_epoch(rows, settings.batch_size)
    # Replicas have parts of a batch, which may be unequal.
    fill_batches = replicas is not None or any(
        len(each) != steps * settings.batch_size for each in rows
    )
    if jit_compile is None:
        jit_compile = replicas is None and _repays_xla(
            len(rows), steps * settings.epochs, bool(layers)
        )
    if watch_conflict is None:
        watch_conflict = settings.watch_conflict
    # Member 0 of the seed gives the noise that all members share, whichever train.
    set_seed(seed, 0)
    program = MemberProgram(
        member_model(model, fill_batches, own.dropout is not None),
        labels,
        weighting=get_weighting(weighting or settings.weighting),
        schedule=settings.schedule,
        epochs=settings.epochs,
        patience=settings.patience,
        fill_batches=fill_batches,
        watch_conflict=watch_conflict,
        jit_compile=jit_compile,
        replicas=replicas,
    )
    state = program.initial_state(
        first.weights,
        first.statistics,
        [weighting_state(program, seed, number) for number in numbers],
    )
    rates = [(layer.name, layer.rate) for layer in program.dropouts]
    values = own_values(rows, settings, own, model.tasks, rates)
    generators = [np.random.default_rng((seed, number)) for number in numbers]
    held = None if validation_rows is None else rows_in_order(validation_rows)
    validation = None if held is None else tf.constant(held)
    inputs_of = epoch_inputs(inputs, held, replicas)
    names = column_names(program, held is not None)
    epochs: list[np.ndarray] = []
    latest = np.zeros((len(names), len(rows)))
    if resume_from is not None:
        kept = resume_from.state_like(tf.nest.flatten(state))
        state = tf.nest.pack_sequence_as(state, [tf.constant(each) for each in kept])
        resume_from.set_generators(generators)
        epochs, latest = list(resume_from.history), resume_from.latest
    for epoch in range(len(epochs), settings.epochs):
        active = state.active.numpy() > 0
        if not active.any():
            break
        order = batch_order(rows, settings.batch_size, generators)
        state, result = program.run_epoch(
            state,
            values,
            tf.constant(order),
            validation,
            tf.constant(epoch),
            inputs_of(order),
        )
        row = row_of_history(result, values)
        require_finite(names, row[:, active], epoch)
        latest = np.where(active, row, latest)
        epochs.append(np.where(active, row, np.nan))
        if on_epoch is not None:
            means = pd.DataFrame(latest).mean(axis=1)
            on_epoch(epoch + 1, dict(zip(names, means.tolist(), strict=True)))
        if on_progress is not None:
            states = [generator.bit_generator.state for generator in generators]
            on_progress(Progress(tf.nest.flatten(state), states, [*epochs], latest))
    best = bool(settings.patience)
    members = TrainedMembers(
        model,
        seed,
        numbers,
        [each.numpy() for each in (state.best_weights if best else state.weights)],
        [
            each.numpy()
            for each in (state.best_statistics if best else state.statistics)
        ],
        own.dropout_rates(layers),
    )
    trained = np.full(len(rows), len(epochs))
    return MemberFit(
        members,
        dict(zip(names, np.stack(epochs, axis=1), strict=True)),
        state.best_epoch.numpy().astype(int) if best else trained,
    )


def _repays_xla(members: int, steps: int, dropout: bool) -> bool:
    """Tells whether XLA gains more than the seconds that it takes to compile.

    Measured on two cores with the article's net: XLA saves 0.2 ms a step and
    0.1 ms for each of the first hundred members. It draws other noise than
    TensorFlow, and slowly: with dropout a member would not end as alone, where
    the choice is another.
    """
    if dropout:
        return False
    return steps * (0.2e-3 + 0.1e-3 * min(members, 100)) > 2.5
