"""Training many members of one architecture at once."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, overload

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_labels
from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.best_weights import BestWeights
from keras_mtl.engine.epoch import (
    Chunk,
    EpochProgram,
    EpochSettings,
    HeldOut,
)
from keras_mtl.engine.epoch_metrics import MemberMetrics
from keras_mtl.engine.member_optimizer import (
    cosine_rates,
    kernel_decay_adam,
    member_optimizer,
    one_member_optimizer,
)
from keras_mtl.engine.replicas import Replicas
from keras_mtl.engine.rows import (
    NO_ROW,
    batch_order,
    gather_rows,
    rows_in_order,
    steps_per_epoch,
)
from keras_mtl.engine.shared_arrays import as_tensor
from keras_mtl.engine.trainer import MemberValues, Trainer
from keras_mtl.engine.training_graph import (
    dropout_layers,
    initial_seeds,
    is_seed,
    set_dropout_rates,
    statistics,
    training_graph,
)
from keras_mtl.model.model_training import noise_of, suits_xla, xla_pays
from keras_mtl.model.multi_task_model import MultiTaskModel
from keras_mtl.tasks import Task
from keras_mtl.training._initial_values import initial_values, member_seed, set_seed
from keras_mtl.training.member_settings import MemberSettings
from keras_mtl.training.progress import Progress
from keras_mtl.training.settings import TrainingSettings
from keras_mtl.weighting import Weighting
from keras_mtl.weighting import get as get_weighting

__all__ = ["MemberFit", "TrainedMembers", "fit_members"]

# Of rows that are read from a disk, at most so many numbers are read ahead.
NUMBERS_PER_READ = 2**22


@dataclass(frozen=True)
class MemberFit:
    """Trained members and their history.

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
    optimizer: keras.optimizers.Optimizer | None = None,
) -> MemberFit:
    """Train several members of one architecture in one program.

    Each member ends where it would end alone with the same seed and rows.

    Any architecture of Keras's layers serves. A batch with fewer rows than
    others gives what these rows alone give, in a batch normalization too.
    Where members' rows don't fill all batches, two kinds of layer are refused:
    those with an activity regularizer, and batch normalizations that a layer
    of your own makes inside. What such a layer adds up over rows itself cannot
    be told apart: choose a batch size then that divides the rows.

    Args:
        model: The architecture, a model of an encoded matrix. Its variables
            are left as they are.
        inputs: The rows all members share, float32 of shape (N, ...). A
            `np.memmap` stays on its disk and is streamed, with the same result.
        labels: By task name, (N,) or (N, labels); NaN is missing.
        settings: How to train.
        rows: For each member the indices of its training rows. By default all
            rows for each of `settings.members`.
        validation_rows: For each member the indices of its validation rows.
        seed: Member k draws its weights and its batches from (seed, k).
        on_epoch: Called after each epoch with its number, from 1, and the
            means over the members, by column name; one that has stopped
            counts with its last values.
        weighting: How the tasks are combined, in place of the settings' name.
        own: What each member has of its own in place of the settings.
        watch_conflict: Whether the history reports how the tasks' gradients
            conflict, in place of the settings' answer: the columns that
            `keras_mtl.analysis.conflict_columns` names, as means over a
            member's steps of the epoch.
        jit_compile: Whether XLA compiles the epoch: slow to start, fast after.
            By default where the fit is long enough to repay it.
        resume_from: Where training of the same members on the same data was
            stopped; it ends as if it had not been.
        on_progress: Called after each epoch with all that is needed to resume
            from there.
        replicas: The processes that each take a part of every batch. All call
            this with the same arguments, and get the same members.
        optimizer: A Keras optimizer in place of AdamW with the settings'
            learning rate, schedule and weight decay, which then do not count.
            For several members it must be one that updates each number by
            itself, as Adam, SGD, Lion or RMSprop do; its `LearningRateSchedule`
            goes by each member's own steps. The optimizer is left as it is.

    Returns:
        The trained members and their history.

    Raises:
        ValueError: When patience is asked for without validation rows, or a
            layer can't serve members with unequal numbers of rows.
        UserError: When what members have of their own can't serve, or an
            optimizer can't serve several members.
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
    if watch_conflict is None:
        watch_conflict = settings.watch_conflict
    if isinstance(weighting, str) or weighting is None:
        weighting = get_weighting(weighting or settings.weighting)
    steps = steps_per_epoch(rows, settings.batch_size)
    # Replicas have parts of a batch, which may be unequal.
    fill_batches = replicas is not None or any(
        len(each) != steps * settings.batch_size for each in rows
    )
    first = initial_values(model, seed, numbers)
    # Member 0 of the seed gives the noise that all members share, whichever train.
    set_seed(seed, 0)
    graph = training_graph(model, fill_batches)
    seeds = initial_seeds(graph)
    if replicas is not None:
        seeds = {index: replicas.own_seed(state) for index, state in seeds.items()}
    step = BatchStep(graph, weighting, watch_gramian=watch_conflict)
    members = None if len(rows) == 1 else len(rows)
    trainer = _make_trainer(
        model, step, members, first, rows, settings, own, optimizer, seed, numbers
    )
    if jit_compile is None:
        jit_compile = (
            replicas is None
            and xla_pays(steps * settings.epochs, len(rows))
            and suits_xla(graph, trainer.noise)
        )
    best = BestWeights(trainer, settings.patience)
    metrics = MemberMetrics(trainer, replicas)
    program = EpochProgram(
        trainer,
        metrics,
        EpochSettings(
            fill_batches=fill_batches,
            unequal_steps=len({-(-len(each) // settings.batch_size) for each in rows})
            > 1,
            jit_compile=jit_compile,
        ),
        _member_values(rows, own, model.tasks, layers),
        seeds,
        replicas,
        best,
    )
    loop = _Loop(
        program, inputs, labels, rows, validation_rows, settings, seed, numbers
    )
    loop.run(resume_from, on_epoch, on_progress)
    weights, kept = best.weights_and_statistics(trainer)
    axis = (slice(None),) if members else (None,)
    trained = TrainedMembers(
        model,
        seed,
        numbers,
        [each.numpy()[axis] for each in weights],
        [each.numpy()[axis] for each in kept],
        own.dropout_rates(layers),
    )
    last = np.full(len(rows), len(loop.history))
    return MemberFit(
        trained,
        dict(zip(loop.names, np.stack(loop.history, axis=1), strict=True)),
        np.atleast_1d(best.best_epoch.numpy()).astype(int) if best.patience else last,
    )


def _make_trainer(
    model: MultiTaskModel,
    step: BatchStep,
    members: int | None,
    first: Any,
    rows: Sequence[np.ndarray],
    settings: TrainingSettings,
    own: MemberSettings,
    optimizer: keras.optimizers.Optimizer | None,
    seed: int,
    numbers: Sequence[int],
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
    made = _make_optimizer(model, members, rows, settings, own, optimizer, weights)
    made.build(weights)
    states = []
    for number in numbers:
        set_seed(seed, number)
        states.append(step.initial_weighting_state())
    weighting_state = {
        name: keras.Variable(
            tf.stack([tf.convert_to_tensor(each[name]) for each in states])[axis],
            trainable=False,
            dtype=states[0][name].dtype.name,
        )
        for name in states[0]
    }
    loss_weights = own.loss_weights or {}
    columns = [
        _column(len(rows), loss_weights.get(task.name), task.loss_weight)
        for task in model.tasks
    ]
    return Trainer(
        step,
        weights,
        others,
        made,
        weighting_state,
        tf.stack(columns, axis=1)[axis],
        noise_of(step),
        members,
    )


def _make_optimizer(
    model: MultiTaskModel,
    members: int | None,
    rows: Sequence[np.ndarray],
    settings: TrainingSettings,
    own: MemberSettings,
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
    count = len(rows)
    rates = _column(count, own.learning_rate, settings.learning_rate).numpy()
    decays = _column(count, own.weight_decay, settings.weight_decay).numpy()
    # By a member's own steps: what others do is nothing to it.
    steps = [
        settings.epochs * steps_per_epoch([each], settings.batch_size) for each in rows
    ]
    cosine = settings.schedule == "cosine"
    if members is None:
        rate = float(rates[0])
        schedule: Any = rate
        if cosine:
            schedule = keras.optimizers.schedules.CosineDecay(rate, steps[0])
        return kernel_decay_adam(schedule, float(decays[0]), weights)
    return member_optimizer(
        keras.optimizers.AdamW(),
        model.trainable_variables,
        members,
        None if cosine else rates,
        decays if decays.any() else None,
        [len(each.shape) > 2 for each in weights],
        cosine_rates(rates, steps) if cosine else None,
    )


def _column(members: int, values: Any, common: float) -> tf.Tensor:
    full = np.full(members, common) if values is None else values
    return tf.constant(full, tf.float32)


def _member_values(
    rows: Sequence[np.ndarray],
    own: MemberSettings,
    tasks: Sequence[Task],
    layers: Sequence[str],
) -> MemberValues:
    axis = (0,) if len(rows) == 1 else (slice(None),)
    row_weights = own.row_weights
    if row_weights is not None and not isinstance(row_weights, Mapping):
        row_weights = {task.name: row_weights for task in tasks}
    return MemberValues(
        {
            name: tf.constant(values, tf.float32)[axis]
            for name, values in own.dropout_rates(layers).items()
        },
        {
            name: tf.constant(values, tf.float32)[axis]
            for name, values in (row_weights or {}).items()
        },
    )


class _Loop:
    """The epochs of a fit of members, and their history."""

    def __init__(
        self,
        program: EpochProgram,
        inputs: np.ndarray,
        labels: Mapping[str, np.ndarray],
        rows: Sequence[np.ndarray],
        validation_rows: Sequence[np.ndarray] | None,
        settings: TrainingSettings,
        seed: int,
        numbers: Sequence[int],
    ) -> None:
        self.program, self.settings, self.rows = program, settings, rows
        self.members = program.trainer.members
        tasks = [task.name for task in program.trainer.step.model.tasks]
        packed = pack_labels(
            program.trainer.step.blocks,
            {name: as_tensor(labels[name]) for name in tasks},
        )
        # Rows on a disk are read for each call.
        self.on_disk = inputs if isinstance(inputs, np.memmap) else None
        in_memory = None if self.on_disk is not None else as_tensor(inputs)
        self.data = Batch(in_memory, packed)
        self.row_numbers = int(np.prod(inputs.shape[1:]))
        self.generators = [np.random.default_rng((seed, number)) for number in numbers]
        self.held_out = []
        if validation_rows is not None:
            self.held_out = [
                self._without_axis(part) for part in rows_in_order(validation_rows)
            ]
        self.names = _columns(program, tasks, bool(self.held_out))
        self.history: list[np.ndarray] = []
        self.latest = np.zeros((len(self.names), len(rows)))

    def run(
        self,
        resume_from: Progress | None,
        on_epoch: Callable[[int, dict[str, float]], None] | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        """Train through all epochs. See `fit_members`."""
        if resume_from is not None:
            self._resume(resume_from)
        best = self.program.best
        assert best is not None
        active = np.atleast_1d(best.active.numpy())
        with ThreadPoolExecutor(1) as reader:
            for epoch in range(len(self.history), self.settings.epochs):
                if not active.any():
                    break
                row = self._epoch(epoch, reader)
                _require_finite(self.names, row[:, active], epoch)
                self.latest = np.where(active, row, self.latest)
                self.history.append(np.where(active, row, np.nan))
                if on_epoch is not None:
                    means = pd.DataFrame(self.latest).mean(axis=1)
                    pairs = zip(self.names, means.tolist(), strict=True)
                    on_epoch(epoch + 1, dict(pairs))
                if on_progress is not None:
                    on_progress(self._progress())
                if best.patience:
                    active = np.atleast_1d(best.active.numpy())

    def _epoch(self, epoch: int, reader: ThreadPoolExecutor) -> np.ndarray:
        """Train through an epoch, evaluate, and return (columns, K) values."""
        order = batch_order(self.rows, self.settings.batch_size, self.generators)
        order = self._without_axis(np.swapaxes(order, 0, 1))
        calls = self._calls(order)
        # In one call with the last steps, if the rows are few.
        joined = len(self.held_out) == 1
        training = evaluation = None
        for index, (chunk, inputs) in enumerate(self._read(calls, reader)):
            last = index == len(calls) - 1
            held_out = self._held_out(self.held_out[0]) if joined and last else None
            result = self.program(
                self.data,
                [_chunk(chunk, inputs, epoch)],
                held_out,
                begin=index == 0,
                finish=last,
            )
            training = result.training
            evaluation = result.evaluation
        if not joined:
            for index, part in enumerate(self.held_out):
                evaluation = self.program(
                    held_out=self._held_out(part),
                    begin=index == 0,
                    finish=index == len(self.held_out) - 1,
                ).evaluation
        return self._row(training, evaluation)

    def _calls(self, order: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
        """Cut an order into calls: the first step, the steps, and their order."""
        steps, batch = order.shape[0], order.shape[-1]
        at_once = self.program.steps_at_once(batch, 0)
        if self.on_disk is not None:
            numbers = int(np.prod(order.shape[1:])) * self.row_numbers
            at_once = min(at_once, max(1, NUMBERS_PER_READ // max(numbers, 1)))
        at_once = min(at_once, steps)
        calls = []
        for first in range(0, steps, at_once):
            part = order[first : first + at_once]
            lacking = at_once - len(part)
            if lacking:
                # A call of another shape would be compiled anew.
                empty = np.full((lacking, *order.shape[1:]), NO_ROW, "int32")
                part = np.concatenate([part, empty])
            calls.append((first, at_once - lacking, part))
        return calls

    def _read(
        self, calls: list[tuple[int, int, np.ndarray]], reader: ThreadPoolExecutor
    ) -> Iterator[tuple[tuple[int, int, np.ndarray], Any]]:
        """Give each call with its inputs, and read those of the next meanwhile."""
        if self.on_disk is None:
            yield from ((call, None) for call in calls)
            return
        reading = reader.submit(self._gather, calls[0][2])
        for index, call in enumerate(calls):
            inputs = reading.result()
            if index + 1 < len(calls):
                reading = reader.submit(self._gather, calls[index + 1][2])
            yield call, tf.constant(inputs)

    def _gather(self, order: np.ndarray) -> np.ndarray:
        replicas = self.program.replicas
        if replicas is not None:
            order = replicas.part(tf.constant(order), NO_ROW).numpy()
        assert self.on_disk is not None
        return gather_rows(self.on_disk, order)

    def _held_out(self, order: np.ndarray) -> HeldOut:
        inputs = None
        if self.on_disk is not None:
            inputs = tf.constant(gather_rows(self.on_disk, order))
        return HeldOut(self.data, tf.constant(order), inputs)

    def _row(self, training: Any, evaluation: Any) -> np.ndarray:
        weights = np.atleast_2d(self.program.trainer.loss_weights.numpy())
        tasks = weights.shape[1]
        parts = []
        columns = np.atleast_2d(training.numpy())
        parts = [
            np.sum(columns[:, :tasks] * weights, axis=1)[None],
            columns[:, :tasks].T,
        ]
        if evaluation is not None:
            held = np.atleast_2d(evaluation.numpy())
            joint = np.sum(held[:, :tasks] * weights, axis=1)[None]
            parts += [joint, held.T]
        parts.append(columns[:, tasks:].T)
        return np.concatenate(parts).astype("float64")

    def _without_axis(self, order: np.ndarray) -> np.ndarray:
        """Drop the axis of one member: (..., K, rows) to (..., rows)."""
        return order if self.members else order[..., 0, :]

    @property
    def _variables(self) -> list[keras.Variable]:
        best = self.program.best
        assert best is not None
        return [*self.program.trainer.variables, *best.variables]

    def _progress(self) -> Progress:
        states = [generator.bit_generator.state for generator in self.generators]
        # Copies: the next epoch changes the variables.
        values = [tf.identity(each.value) for each in self._variables]
        return Progress(values, states, [*self.history], self.latest)

    def _resume(self, progress: Progress) -> None:
        values = progress.state_like(self._variables)
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
        progress.set_generators(self.generators)
        self.history, self.latest = list(progress.history), progress.latest


def _chunk(call: tuple[int, int, np.ndarray], inputs: Any, epoch: int) -> Chunk:
    first, steps, order = call
    return Chunk(
        tf.constant(np.ascontiguousarray(order)),
        tf.constant(steps),
        inputs,
        tf.constant(epoch),
        tf.constant(first),
    )


def _columns(program: EpochProgram, tasks: list[str], validated: bool) -> list[str]:
    """Return the names of the history's columns, as Keras has them."""
    losses = ["loss", *[f"{task}_loss" for task in tasks]]
    validation = []
    if validated:
        validation = [f"val_{name}" for name in losses + program.metrics.columns]
    return losses + validation + program.trainer.conflict_columns


def _require_finite(names: list[str], values: np.ndarray, epoch: int) -> None:
    """Raise where a task's loss of a member is NaN or infinite."""
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


class TrainedMembers(Sequence[MultiTaskModel]):
    """A sequence of members, of which each is made when it is first asked for.

    To make a model takes a tenth of a second: much for hundreds of members of
    which the history tells enough, or of which a few are wanted.

    Args:
        model: The architecture.
        seed: See `fit_members`.
        numbers: Which members of the seed they are.
        weights: For each trainable variable the members' values, (K, ...).
        kept: For each other variable likewise, without the states of random
            layers.
        dropout_rates: By a layer's name the members' rates, (K,).
    """

    def __init__(
        self,
        model: MultiTaskModel,
        seed: int,
        numbers: Sequence[int],
        weights: Sequence[np.ndarray],
        kept: Sequence[np.ndarray],
        dropout_rates: Mapping[str, Sequence[float]],
    ) -> None:
        self._kind, self._config = type(model), model.get_config()
        self._seeds = [member_seed(seed, number) for number in numbers]
        self._weights, self._kept = weights, kept
        self._dropout_rates = dropout_rates
        self._made: dict[int, MultiTaskModel] = {}

    def __len__(self) -> int:
        return len(self._seeds)

    @overload
    def __getitem__(self, index: int) -> MultiTaskModel: ...

    @overload
    def __getitem__(self, index: slice) -> list[MultiTaskModel]: ...

    def __getitem__(self, index):
        place = range(len(self))[index]
        if isinstance(place, range):
            return [self[each] for each in place]
        if place not in self._made:
            self._made[place] = self._make(place)
        return self._made[place]

    def _make(self, place: int) -> MultiTaskModel:
        # Layers draw their seeds from Python's generator: the member's own, and
        # what a program draws elsewhere does not depend on when it is made.
        before = random.getstate()
        random.seed(self._seeds[place])
        try:
            # Some of Keras's layers take what they are given to pieces.
            model = self._kind.from_config(copy.deepcopy(self._config))
        finally:
            random.setstate(before)
        for variables, values in (
            (model.trainable_variables, self._weights),
            (statistics(model), self._kept),
        ):
            for variable, stack in zip(variables, values, strict=True):
                variable.assign(stack[place])
        rates = {name: float(each[place]) for name, each in self._dropout_rates.items()}
        set_dropout_rates(model, rates)
        return model
