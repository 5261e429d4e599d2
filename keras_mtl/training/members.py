"""Training many members of one architecture at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl._core.cores import usable_cores
from keras_mtl.blocks.input_arrays import read_inputs
from keras_mtl.blocks.label_arrays import read_labels
from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.epoch import (
    EpochSettings,
)
from keras_mtl.engine.member_groups import group_slices
from keras_mtl.engine.replicas import Replicas
from keras_mtl.engine.rows import (
    steps_per_epoch,
)
from keras_mtl.engine.training_graph import (
    dropout_layers,
    initial_seeds,
    training_graph,
)
from keras_mtl.engine.xla_choice import (
    groups_that_pay,
    one_program_pays,
    xla_pays,
)
from keras_mtl.model.multi_task_model import MultiTaskModel
from keras_mtl.training._initial_values import (
    InitialValues,
    initial_values,
    set_seed,
)
from keras_mtl.training._make_member_program import (
    EpochPlan,
    make_member_program,
    program_key,
)
from keras_mtl.training._member_loop import MemberLoop
from keras_mtl.training._member_numbers import member_numbers
from keras_mtl.training._member_start import MemberStart
from keras_mtl.training._member_trainer import weighting_states
from keras_mtl.training._row_weights import join_row_weights, weigh_rows
from keras_mtl.training._trained_members import TrainedMembers
from keras_mtl.training._update_rules import UpdateRules
from keras_mtl.training.asked_settings import asked_numbers
from keras_mtl.training.member_fit import MemberFit
from keras_mtl.training.member_programs import MemberPrograms
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

__all__ = ["MemberFit", "asked_numbers", "fit_members"]


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
    programs: MemberPrograms | None = None,
    groups: int | None = None,
) -> MemberFit:
    """Train several members of one architecture in one program.

    Each member gets the weights that it would get alone with the same seed and rows.

    Any architecture of Keras layers can be used. A last batch with fewer rows is
    handled exactly, also by batch normalizations. If the rows of the members do not
    fill all batches, two kinds of layers are refused: layers with an activity
    regularizer, and batch normalizations inside of your own layers. Your own layers
    that compute sums over rows cannot be detected. With such layers, choose a batch
    size that divides the number of rows.

    Args:
        model: The architecture, a model of an encoded matrix. Its variables are not
            changed.
        inputs: The rows of all members, float32 of shape (N, ...). A `np.memmap` is
            streamed from its disk, with the same result.
        labels: Arrays of shape (N,) or (N, labels) by task name; NaN is missing.
        settings: The training settings.
        rows: The indices of the training rows of each member. By default
            `settings.members` members train on all rows.
        validation_rows: The indices of the validation rows of each member.
        seed: The seed. Member k draws its initial weights and its batches from (seed,
            k).
        on_epoch: A function that is called after each epoch with its number, from 1,
            and the means of the history over the members, by name. A member that has
            stopped counts with its last values.
        weighting: The method that combines the tasks, in place of `settings.weighting`.
        own: The settings that differ between members.
        watch_conflict: Whether the history has the conflict between the tasks'
            gradients, in place of `settings.watch_conflict`: the columns of
            `keras_mtl.analysis.conflict_columns`, as means over the steps of an epoch.
        jit_compile: Whether XLA compiles the epoch, which is slow to start and fast
            afterwards. By default only if the fit is long enough to save time.
        resume_from: The state after an epoch of an interrupted training of the same
            members on the same data. The result is that of an uninterrupted training.
        on_progress: A function that is called after each epoch with the state that
            `resume_from` takes.
        replicas: The processes that share the rows of every batch. All of them call
            this function with the same arguments, and get the same members.
        optimizer: A Keras optimizer in place of AdamW. The learning rate, schedule and
            weight decay of the settings are then ignored. For several members its
            update must be elementwise, as that of Adam, SGD, Lion or RMSprop; its
            `LearningRateSchedule` counts the steps of each member. The optimizer is not
            changed.
        sample_weight: The weight of each row in the training losses, of shape (N,); or
            a dict of such arrays by task name. Validation losses are not weighted.
        pretrained: Initial values of a layer, such as a trunk, and its learning rate.
        raise_on_failure: Whether a loss that is no longer finite ends the fit of all
            members. If False, the losses of this member in the history are NaN or
            infinite from that epoch on, and the other members are trained to the end.
        wider: A model of the same layers with larger widths. Initial values are drawn
            for this model, then cropped and scaled to the `widths` of each member, so
            that they do not depend on the widths of the other members. It requires
            `MemberSettings.widths` for all hidden layers.
        programs: Compiled programs of earlier fits. A program of the same shapes is
            used again, and the program of this fit is kept. Only fits of several
            members in memory use them, without `optimizer`, `pretrained` and
            `replicas`.
        groups: The number of groups of members that train at the same time, each in
            its own program. More groups use the cores better, but each program takes
            seconds to compile. By default as many as save time. Fits from a disk and
            fits with `optimizer` or `replicas` have one group.

    Returns:
        The trained members and their history.

    Raises:
        ValueError: If `patience` is set without validation rows, an input is not a
            number, a name is not that of a task, a label is unknown to its task, or a
            layer does not support members with different numbers of rows.
        UserError: If the settings of members are invalid, or the optimizer does not
            support several members.
        FloatingPointError: If the loss of a task is no longer finite and
            `raise_on_failure` is true. The message names the task.

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
    inputs = read_inputs(model, inputs, "inputs")
    labels = read_labels(model.tasks, labels)
    tasks = [task.name for task in model.tasks]
    layers = [layer.name for layer in dropout_layers(model)]
    if isinstance(weighting, str) or weighting is None:
        weighting = get_weighting(weighting or settings.weighting)
    own.check(
        len(rows),
        len(inputs),
        tasks,
        layers,
        weighting.plain_numbers,
        asked_numbers(model) if own.architecture else (),
    )
    weights = weigh_rows(model.tasks, labels, rows, settings, sample_weight)
    if weights is not None and own.row_weights is not None:
        own, weights = join_row_weights(own, weights, tasks), None
    numbers = range(len(rows)) if own.numbers is None else own.numbers
    if watch_conflict is None:
        watch_conflict = settings.watch_conflict
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
    first = _initial_values(programs, wider or model, seed, numbers)
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
    members = None if len(rows) == 1 else len(rows)
    values = member_numbers(model.tasks, rows, settings, own, layers)
    compiled = jit_compile
    if compiled is None:
        compiled = replicas is None and xla_pays(steps * settings.epochs, len(rows))
    epoch_settings = EpochSettings(
        fill_batches=fill_batches,
        unequal_steps=len({-(-len(each) // settings.batch_size) for each in rows}) > 1,
        jit_compile=compiled,
        one_xla_program=one_program_pays(settings.epochs),
    )
    if members is None or isinstance(inputs, np.memmap) or optimizer or replicas:
        groups = 1
    elif groups is None:
        on_cores = compiled and not tf.config.list_logical_devices("GPU")
        groups = 1
        if on_cores:
            groups = groups_that_pay(steps * settings.epochs, members, usable_cores())
    groups = min(groups, len(rows))
    key = None
    own_way = (optimizer, pretrained, replicas)
    if (
        programs is not None
        and members is not None
        and all(each is None for each in own_way)
        and not isinstance(inputs, np.memmap)
    ):
        key = program_key(
            model,
            weighting,
            settings,
            values,
            epoch_settings,
            seed,
            (inputs, labels, weights, rows, validation_rows),
            (watch_conflict, jit_compile, groups),
        )
    kept = None if key is None or programs is None else programs.find(key)
    if kept is not None:
        states = weighting_states(kept.groups.step, seed, numbers)
        kept.restart(MemberStart(first, states, values))
    else:
        # Member 0 of the seed gives the noise that all members share, whichever train.
        set_seed(seed, 0)
        graph = training_graph(model, fill_batches)
        seeds = initial_seeds(graph)
        if replicas is not None:
            seeds = {i: replicas.own_seed(state) for i, state in seeds.items()}
        step = BatchStep(graph, weighting, watch_gramian=watch_conflict)
        uncounted = 0
        if pretrained is not None:
            uncounted = pretrained.uncounted_epochs(settings.epochs)
        kept = make_member_program(
            model,
            step,
            MemberStart(first, weighting_states(step, seed, numbers), values),
            UpdateRules(settings, own, optimizer, rates, uncounted),
            EpochPlan(epoch_settings, seeds, replicas, jit_compile is None),
            [slice(None)] if members is None else group_slices(members, groups),
        )
        if key is not None and programs is not None:
            programs.keep(key, kept)
    trained_groups = kept.groups
    loop = MemberLoop(
        trained_groups,
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
    try:
        loop.run(resume_from, on_epoch, on_progress)
    finally:
        trained_groups.release_rows()
    trained_weights, statistics_of = trained_groups.weights_and_statistics()
    axis = (slice(None),) if members else (None,)
    trained = TrainedMembers(
        model,
        seed,
        numbers,
        # Copies: the next fit may change the variables.
        [np.array(each[axis]) for each in trained_weights],
        [np.array(each[axis]) for each in statistics_of],
        own.dropout_rates(layers),
    )
    last = np.full(len(rows), len(loop.history))
    return MemberFit(
        trained,
        dict(zip(loop.names, np.stack(loop.history, axis=1), strict=True)),
        np.atleast_1d(trained_groups.best_epoch).astype(int)
        if settings.patience
        else last,
    )


def _initial_values(
    programs: MemberPrograms | None, model: Any, seed: int, numbers: Sequence[int]
) -> InitialValues:
    """Draw initial values: once for members that begin alike."""
    distinct = list(dict.fromkeys(numbers))
    draw = initial_values if programs is None else programs.initial_values
    first = draw(model, seed, distinct)
    places = [distinct.index(number) for number in numbers]
    return InitialValues(
        [each[places] for each in first.weights],
        [each[places] for each in first.statistics],
    )
