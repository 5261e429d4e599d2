"""The article's network in plain Keras and in this package."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence

import keras
import numpy as np

from benchmarks.article_rows import (
    WIDTH,
    Rows,
    joined_rows,
    training_rows,
    validation_rows,
)
from benchmarks.epoch_clock import EpochClock, warm_up
from benchmarks.side_by_side import Milliseconds
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import BinaryTask, MulticlassTask
from keras_mtl.training import TrainingSettings, fit_members

__all__ = [
    "article_model",
    "keras_epochs",
    "member_epochs",
    "member_turns",
    "our_epochs",
]

# The number of steps before the measured steps.
WARM_UP_STEPS = 460


def article_model(
    width: int,
    trunk: Sequence[int] = (32, 64),
    dropout: float = 0.0,
    jit_compile: bool | str = "auto",
) -> MultiTaskModel:
    """Build the article's network in this package, compiled with Adam.

    Args:
        width: The number of columns of the input.
        trunk: The widths of the shared layers.
        dropout: The dropout rate after each shared layer.
        jit_compile: See `keras.Model.compile`.
    """
    keras.utils.set_random_seed(0)
    tasks = [
        MulticlassTask("thal", classes=("a", "b", "c"), widths=(32,)),
        BinaryTask("heart", widths=(16,)),
    ]
    model = build_hard_sharing(width, tasks, trunk=trunk, dropout=dropout)
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=jit_compile)
    return model


def keras_epochs(
    batch_size: int, one_call_per_epoch: bool = False
) -> Callable[[], Milliseconds]:
    """Return a function that times epochs of plain Keras's `fit` with two losses.

    Args:
        batch_size: The number of rows per update.
        one_call_per_epoch: Whether `steps_per_execution` is the whole epoch. Keras then
            loops over the batches in a compiled function.
    """
    keras.utils.set_random_seed(0)
    inputs = keras.Input(shape=(WIDTH,))
    hidden = keras.layers.Dense(32, activation="relu")(inputs)
    hidden = keras.layers.Dense(64, activation="relu")(hidden)
    thal = keras.layers.Dense(32, activation="relu")(hidden)
    heart = keras.layers.Dense(16, activation="relu")(hidden)
    outputs = {
        "thal": keras.layers.Dense(3, activation="softmax", name="thal")(thal),
        "heart": keras.layers.Dense(1, activation="sigmoid", name="heart")(heart),
    }
    model = keras.Model(inputs, outputs)
    rows = training_rows()
    model.compile(
        keras.optimizers.Adam(1e-3),
        loss={
            "thal": "sparse_categorical_crossentropy",
            "heart": "binary_crossentropy",
        },
        # Keras's AUC does not accept class indices: thal has only its accuracy.
        metrics={
            "thal": ["accuracy"],
            "heart": ["accuracy", keras.metrics.AUC(name="auc")],
        },
        steps_per_execution=(
            -(-len(rows.inputs) // batch_size) if one_call_per_epoch else 1
        ),
    )
    return _fit(model, rows, validation_rows(), batch_size, epochs=5, warm_up_epochs=1)


def our_epochs(
    batch_size: int,
    rows: Rows | None = None,
    validation: Rows | None = None,
    trunk: Sequence[int] = (32, 64),
    dropout: float = 0.0,
    epochs: int = 10,
    jit_compile: bool | str = "auto",
) -> Callable[[], Milliseconds]:
    """Return a function that times epochs of `fit` with accuracies and AUCs.

    Args:
        batch_size: The number of rows per update.
        rows: The training rows; by default the rows of the article.
        validation: The validation rows, or None.
        trunk: The widths of the shared layers.
        dropout: The dropout rate after each shared layer.
        epochs: The number of epochs per turn.
        jit_compile: See `keras.Model.compile`. By default the engine chooses, as for a
            fit of many epochs.
    """
    rows = training_rows() if rows is None else rows
    model = article_model(rows.inputs.shape[1], trunk, dropout, jit_compile)
    warm_up_epochs = -(-WARM_UP_STEPS // -(-len(rows.inputs) // batch_size))
    return _fit(model, rows, validation, batch_size, epochs, warm_up_epochs)


def member_epochs(members: int, batch_size: int, epochs: int) -> tuple[float, float]:
    """Train members of the network together, without validation.

    Args:
        members: The number of members.
        batch_size: The number of rows per batch of a member.
        epochs: The number of measured epochs, after one epoch that compiles.

        Returns:
            The median time of an epoch of all members in milliseconds, and the seconds
            until the end of the first epoch.
    """
    settings = TrainingSettings(
        members=members, epochs=epochs + 1, batch_size=batch_size
    )
    times = _member_fit(settings, training_rows(), None, 0.0)
    return statistics.median(times[1:]), times[0] / 1e3


def member_turns(
    settings: TrainingSettings,
    validation: Rows | None = None,
    dropout: float = 0.0,
    groups: int | None = None,
) -> Callable[[], Milliseconds]:
    """Return a function that times the epochs of a whole `fit_members` per turn.

    Args:
        settings: The training settings. The first epoch, which compiles, is not
            counted.
        validation: The validation rows of each member, or None.
        dropout: The dropout rate after each shared layer.
        groups: The number of groups of members; by default the engine chooses.
    """
    rows = training_rows()
    return lambda: _member_fit(settings, rows, validation, dropout, groups)[1:]


def _member_fit(
    settings: TrainingSettings,
    rows: Rows,
    validation: Rows | None,
    dropout: float,
    groups: int | None = None,
) -> Milliseconds:
    """Train members and return the time of each epoch."""
    model = article_model(rows.inputs.shape[1], dropout=dropout)
    count, members = len(rows.inputs), settings.members
    held_out = None
    if validation is not None:
        rows = joined_rows(rows, validation)
        held_out = [np.arange(count, len(rows.inputs))] * members
    ends = [time.perf_counter()]
    fit_members(
        model,
        *rows,
        settings,
        rows=[np.arange(count)] * members,
        validation_rows=held_out,
        on_epoch=lambda *_: ends.append(time.perf_counter()),
        groups=groups,
    )
    return [(after - before) * 1e3 for before, after in itertools.pairwise(ends)]


def _fit(
    model: keras.Model,
    rows: Rows,
    validation: Rows | None,
    batch_size: int,
    epochs: int,
    warm_up_epochs: int,
) -> Callable[[], Milliseconds]:
    settings = {
        "batch_size": batch_size,
        "validation_data": None if validation is None else tuple(validation),
    }
    warm_up(model, *rows, warm_up_epochs, **settings)

    def run() -> Milliseconds:
        clock = EpochClock()
        model.fit(*rows, epochs=epochs, callbacks=[clock], verbose=0, **settings)
        return [seconds * 1e3 for seconds in clock.seconds]

    return run
