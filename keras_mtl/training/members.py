"""Training many members of one architecture at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd

from keras_mtl._core.html import html_table
from keras_mtl.blocks.label_arrays import read_labels
from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.best_weights import BestWeights
from keras_mtl.engine.epoch import (
    EpochProgram,
    EpochSettings,
)
from keras_mtl.engine.epoch_metrics import MemberMetrics
from keras_mtl.engine.replicas import Replicas
from keras_mtl.engine.rows import (
    steps_per_epoch,
)
from keras_mtl.engine.training_graph import (
    dropout_layers,
    initial_seeds,
    statistics,
    training_graph,
)
from keras_mtl.engine.xla_choice import one_program_pays, suits_xla, xla_pays
from keras_mtl.model.multi_task_model import MultiTaskModel
from keras_mtl.training._initial_values import initial_values, set_seed
from keras_mtl.training._member_loop import MemberLoop
from keras_mtl.training._member_trainer import make_trainer, member_values
from keras_mtl.training._row_weights import join_row_weights, weigh_rows
from keras_mtl.training._trained_members import TrainedMembers
from keras_mtl.training.member_settings import MemberSettings
from keras_mtl.training.narrow_members import (
    check_widths,
    crop_weights,
    narrow_weights,
)
from keras_mtl.training.pretrained import Pretrained
from keras_mtl.training.progress import Progress
from keras_mtl.training.settings import TrainingSettings
from keras_mtl.weighting import Weighting
from keras_mtl.weighting import get as get_weighting

__all__ = ["MemberFit", "fit_members"]


@dataclass(frozen=True)
class MemberFit:
    """Trained members and their history.

    Attributes:
        members: The trained models, each made when it is asked for.
        history: For each of Keras's column names an array of shape (epochs,
            members); NaN where a member had stopped before.
        epochs: The epoch whose weights each member has, from 1.
    """

    members: TrainedMembers
    history: dict[str, np.ndarray]
    epochs: np.ndarray

    @classmethod
    def of_models(
        cls, models: Sequence[MultiTaskModel], history: dict[str, np.ndarray]
    ) -> MemberFit:
        """Returns members that were not trained here, but computed.

        Args:
            models: Models of one architecture.
            history: See `MemberFit`.
        """
        first = models[0]

        def stacked(variables: Callable[[MultiTaskModel], Any]) -> list[np.ndarray]:
            columns = zip(*(variables(model) for model in models), strict=True)
            return [np.stack([each.numpy() for each in column]) for column in columns]

        members = TrainedMembers(
            first,
            0,
            range(len(models)),
            stacked(lambda model: model.trainable_variables),
            stacked(statistics),
            {},
        )
        epochs = len(next(iter(history.values())))
        return cls(members, history, np.full(len(models), epochs))

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

    def _repr_html_(self) -> str:
        columns = [name for name in self.history if name.endswith("loss")]
        rows = []
        for member, epoch in enumerate(self.epochs):
            losses = [float(self.history[name][epoch - 1, member]) for name in columns]
            rows.append((member, int(epoch), *losses))
        return html_table(
            f"{len(self.epochs)} members, with the weights of their best epochs",
            ("member", "epoch", *columns),
            rows,
        )


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
    sample_weight: Any = None,
    pretrained: Pretrained | None = None,
    raise_on_failure: bool = True,
    wider: MultiTaskModel | None = None,
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
        sample_weight: What each row counts in the losses of training, (N,); or
            such an array by task name. Validation is without weights.
        pretrained: The values that a layer, such as a trunk, begins with, and how
            fast it learns.
        raise_on_failure: Whether a loss that is no longer finite ends the fit of
            all members. Otherwise the member's losses in the history are NaN or
            infinite from that epoch on, and the others are trained to the end.
        wider: A model of the same layers with greater widths. The initial values
            are drawn for it, and cropped and scaled to the members' `widths`, so
            that they do not depend on the widths of the members that train beside
            them. It goes with `MemberSettings.widths` for all hidden layers.

    Returns:
        The trained members and their history.

    Raises:
        ValueError: When patience is asked for without validation rows, a name is
            no task's, a label is none that its task knows, or a
            layer can't serve members with unequal numbers of rows.
        UserError: When what members have of their own can't serve, or an
            optimizer can't serve several members.
        FloatingPointError: When a task's loss is no longer finite; names it.
            Never without `raise_on_failure`.

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
    labels = read_labels(model.tasks, labels)
    tasks = [task.name for task in model.tasks]
    layers = [layer.name for layer in dropout_layers(model)]
    own.check(len(rows), len(inputs), tasks, layers)
    weights = weigh_rows(model.tasks, labels, rows, settings, sample_weight)
    if weights is not None and own.row_weights is not None:
        own, weights = join_row_weights(own, weights, tasks), None
    numbers = range(len(rows)) if own.numbers is None else own.numbers
    if watch_conflict is None:
        watch_conflict = settings.watch_conflict
    if isinstance(weighting, str) or weighting is None:
        weighting = get_weighting(weighting or settings.weighting)
    # More rows than there are would only be filled up.
    most = max(len(member) for member in rows)
    settings = settings.replace(batch_size=min(settings.batch_size, most))
    steps = steps_per_epoch(rows, settings.batch_size)
    # Replicas have parts of a batch, which may be unequal.
    fill_batches = replicas is not None or any(
        len(each) != steps * settings.batch_size for each in rows
    )
    # Checked against the model itself: it may be narrower than the wider one.
    check_widths(model, own.widths or {})
    first = initial_values(wider or model, seed, numbers)
    if own.widths:
        narrow = narrow_weights(wider or model, first.weights, own.widths)
        first = first._replace(weights=narrow)
    if wider is not None:
        first = first._replace(weights=crop_weights(model, first.weights))
    rates: dict[int, keras.Variable] = {}
    if pretrained is not None:
        first = pretrained.begin(model, first, numbers)
        # One for all, so that a program is compiled once for all epochs.
        rate = keras.Variable(pretrained.rate_in(0), trainable=False, dtype="float32")
        rates = dict.fromkeys(pretrained.positions(model), rate)
    # Member 0 of the seed gives the noise that all members share, whichever train.
    set_seed(seed, 0)
    graph = training_graph(model, fill_batches)
    seeds = initial_seeds(graph)
    if replicas is not None:
        seeds = {index: replicas.own_seed(state) for index, state in seeds.items()}
    step = BatchStep(graph, weighting, watch_gramian=watch_conflict)
    members = None if len(rows) == 1 else len(rows)
    trainer = make_trainer(
        model,
        step,
        members,
        first,
        rows,
        settings,
        own,
        optimizer,
        seed,
        numbers,
        rates,
    )
    if jit_compile is None:
        jit_compile = (
            replicas is None
            and xla_pays(steps * settings.epochs, len(rows))
            and suits_xla(graph, trainer.noise)
        )
    uncounted = (
        0 if pretrained is None else pretrained.uncounted_epochs(settings.epochs)
    )
    best = BestWeights(trainer, settings.patience, uncounted)
    metrics = MemberMetrics(trainer, replicas)
    program = EpochProgram(
        trainer,
        metrics,
        EpochSettings(
            fill_batches=fill_batches,
            unequal_steps=len({-(-len(each) // settings.batch_size) for each in rows})
            > 1,
            jit_compile=jit_compile,
            one_xla_program=one_program_pays(settings.epochs),
        ),
        member_values(rows, own, model.tasks, layers),
        seeds,
        replicas,
        best,
    )
    loop = MemberLoop(
        program,
        inputs,
        labels,
        weights,
        rows,
        validation_rows,
        settings,
        seed,
        numbers,
        pretrained,
        raise_on_failure,
    )
    loop.run(resume_from, on_epoch, on_progress)
    trained_weights, kept = best.weights_and_statistics(trainer)
    axis = (slice(None),) if members else (None,)
    trained = TrainedMembers(
        model,
        seed,
        numbers,
        [each.numpy()[axis] for each in trained_weights],
        [each.numpy()[axis] for each in kept],
        own.dropout_rates(layers),
    )
    last = np.full(len(rows), len(loop.history))
    return MemberFit(
        trained,
        dict(zip(loop.names, np.stack(loop.history, axis=1), strict=True)),
        np.atleast_1d(best.best_epoch.numpy()).astype(int) if best.patience else last,
    )
