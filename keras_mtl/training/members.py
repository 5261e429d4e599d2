"""Training many members of one architecture at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from keras_mtl.training.batch_order import batch_order, pad_rows, steps_an_epoch
from keras_mtl.training.member_program import MemberProgram, MemberScalars
from keras_mtl.training.multi_task_model import MultiTaskModel
from keras_mtl.training.progress import Progress
from keras_mtl.training.replicas import Replicas
from keras_mtl.training.settings import TrainingSettings
from keras_mtl.weighting import Weighting
from keras_mtl.weighting import get as get_weighting

__all__ = ["MemberFit", "fit_members"]


@dataclass(frozen=True)
class MemberFit:
    """What training gave.

    Attributes:
        members: The trained models.
        history: For each of Keras's column names an array of shape (epochs,
            members); NaN where a member had stopped before.
        epochs: The epoch whose weights each member has, from 1.
    """

    members: list[MultiTaskModel]
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
    jit_compile: bool = False,
    resume_from: Progress | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    replicas: Replicas | None = None,
) -> MemberFit:
    """Trains several members of one architecture in one program.

    Each member ends where it would end alone with the same seed and rows.

    Args:
        model: The architecture, a model of an encoded matrix. Its variables
            are left as they are.
        inputs: The rows all members share, float32 of shape (N, ...).
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
        jit_compile: Whether XLA compiles the epoch: slow to start, fast after.
        resume_from: Where training of the same members on the same data was
            stopped; it ends as if it had not been.
        on_progress: Called after each epoch with all that is needed to go on
            from there.
        replicas: The processes that each take a part of every batch. All call
            this with the same arguments, and get the same members.

    Returns:
        The trained members and their history.

    Raises:
        ValueError: When patience is asked for without validation rows.
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
    if rows is None:
        rows = [np.arange(len(inputs))] * settings.members
    if settings.patience and validation_rows is None:
        raise ValueError(
            "Invalid value received for argument `validation_rows`. Expected rows "
            "for each member, as `patience` stops on the validation loss. "
            f"Received: None with patience={settings.patience}"
        )
    steps = steps_an_epoch(rows, settings.batch_size)
    members = [_new_member(model, seed, index) for index in range(len(rows))]
    program = MemberProgram(
        members[0],
        inputs,
        labels,
        weighting=_weighting(weighting or settings.weighting),
        schedule=settings.schedule,
        total_steps=settings.epochs * steps,
        patience=settings.patience,
        jit_compile=jit_compile,
        replicas=replicas,
    )
    state = program.initial_state(
        _stack([member.trainable_variables for member in members]),
        _stack([member.non_trainable_variables for member in members]),
        [_weighting_state(program, seed, index) for index in range(len(rows))],
    )
    scalars = _scalars(model, settings, len(rows))
    generators = [np.random.default_rng((seed, index)) for index in range(len(rows))]
    padded = None if validation_rows is None else tf.constant(pad_rows(validation_rows))
    names = _column_names(program, padded is not None)
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
            state, scalars, tf.constant(order), padded, tf.constant(epoch)
        )
        values = _row_of_history(result, scalars)
        _require_finite(names, values[:, active], epoch)
        latest = np.where(active, values, latest)
        epochs.append(np.where(active, values, np.nan))
        if on_epoch is not None:
            means = latest.mean(axis=1)
            on_epoch(epoch + 1, dict(zip(names, means.tolist(), strict=True)))
        if on_progress is not None:
            states = [generator.bit_generator.state for generator in generators]
            on_progress(Progress(tf.nest.flatten(state), states, [*epochs], latest))
    best = bool(settings.patience)
    _assign(
        members,
        state.best_weights if best else state.weights,
        state.best_statistics if best else state.statistics,
        program.is_seed,
    )
    trained = np.full(len(rows), len(epochs))
    return MemberFit(
        members,
        dict(zip(names, np.stack(epochs, axis=1), strict=True)),
        state.best_epoch.numpy().astype(int) if best else trained,
    )


def _weighting(weighting: str | Weighting) -> Weighting:
    return get_weighting(weighting) if isinstance(weighting, str) else weighting


def _new_member(model: MultiTaskModel, seed: int, index: int) -> MultiTaskModel:
    """Makes a copy of the architecture with initial weights of its own."""
    _set_seed(seed, index)
    return type(model).from_config(model.get_config())


def _weighting_state(program: MemberProgram, seed: int, index: int) -> dict:
    _set_seed(seed, index)
    return program.step.initial_weighting_state()


def _set_seed(seed: int, index: int) -> None:
    # Keras's initialisers and random layers draw their seeds from the global
    # one; a member's must not depend on how many were made before it.
    keras.utils.set_random_seed(
        int(np.random.default_rng((seed, index)).integers(2**31))
    )


def _stack(variables: list[list[keras.Variable]]) -> list[np.ndarray]:
    return [
        np.stack([keras.ops.convert_to_numpy(value) for value in values])
        for values in zip(*variables, strict=True)
    ]


def _scalars(
    model: MultiTaskModel, settings: TrainingSettings, members: int
) -> MemberScalars:
    weights = [task.loss_weight for task in model.tasks]
    return MemberScalars(
        tf.fill([members], settings.learning_rate),
        tf.fill([members], settings.weight_decay),
        tf.tile(tf.constant([weights]), [members, 1]),
    )


def _column_names(program: MemberProgram, validated: bool) -> list[str]:
    losses = ["loss", *[f"{task.name}_loss" for task in program.model.tasks]]
    if not validated:
        return losses
    metrics = [f"{name}_{metric.name}" for name, metric in program.metrics]
    return losses + [f"val_{name}" for name in losses + metrics]


def _row_of_history(result, scalars: MemberScalars) -> np.ndarray:
    """Returns one epoch's values, of shape (columns, K)."""
    parts = []
    for losses in (result.losses, result.validation_losses):
        if losses is not None:
            parts.append(np.sum(losses * scalars.loss_weights, axis=1)[None])
            parts.append(losses.numpy().T)
    parts.extend(metric.numpy()[None] for metric in result.validation_metrics)
    return np.concatenate(parts).astype("float64")


def _require_finite(names: list[str], values: np.ndarray, epoch: int) -> None:
    broken = [
        name
        for name, row in zip(names, values, strict=True)
        if name.endswith("_loss") and not np.isfinite(row).all()
    ]
    if broken:
        raise FloatingPointError(
            f"Expected finite losses. Received: {', '.join(broken)} is NaN or infinite "
            f"in epoch {epoch + 1}. Lower the learning rate, or look for extreme "
            "values in the inputs and labels."
        )


def _assign(members, weights, statistics, is_seed) -> None:
    values = [weight.numpy() for weight in weights]
    kept = [statistic.numpy() for statistic in statistics]
    for index, member in enumerate(members):
        for variable, stack in zip(member.trainable_variables, values, strict=True):
            variable.assign(stack[index])
        others = [
            variable
            for variable, seed in zip(
                member.non_trainable_variables, is_seed, strict=True
            )
            if not seed
        ]
        for variable, stack in zip(others, kept, strict=True):
            variable.assign(stack[index])
