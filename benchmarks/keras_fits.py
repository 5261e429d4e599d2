"""The article's network in plain Keras and in this package."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable

import keras

from benchmarks.article_rows import WIDTH, training_rows, validation_rows
from benchmarks.epoch_clock import EpochClock
from benchmarks.side_by_side import Milliseconds
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.tasks import BinaryTask, MulticlassTask
from keras_mtl.training import MultiTaskModel, TrainingSettings, fit_members

__all__ = ["keras_epochs", "member_epochs", "our_epochs"]


def keras_epochs(batch_size: int) -> Callable[[], Milliseconds]:
    """Plain Keras: a functional model with two losses, and `fit`."""
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
    model.compile(
        keras.optimizers.Adam(1e-3),
        loss={
            "thal": "sparse_categorical_crossentropy",
            "heart": "binary_crossentropy",
        },
        # Keras's AUC takes no class numbers: thal has its accuracy alone.
        metrics={
            "thal": ["accuracy"],
            "heart": ["accuracy", keras.metrics.AUC(name="auc")],
        },
    )
    return _fit(model, batch_size, epochs=1, warm_up=1)


def our_epochs(batch_size: int) -> Callable[[], Milliseconds]:
    """This package: `fit` with both tasks' accuracy and AUC."""
    model = _our_model()
    model.compile(keras.optimizers.Adam(1e-3))
    # As many as make XLA worth its while, once.
    return _fit(model, batch_size, epochs=10, warm_up=20)


def member_epochs(members: int, batch_size: int, epochs: int) -> tuple[float, float]:
    """Trains members of the network together.

    Args:
        members: How many.
        batch_size: The rows of a batch of each.
        epochs: How many epochs are timed, after one that compiles.

    Returns:
        The milliseconds of an epoch of all of them, the median, and the seconds
        until the first was over.
    """
    rows = training_rows()
    settings = TrainingSettings(
        members=members, epochs=epochs + 1, batch_size=batch_size
    )
    ends = [time.perf_counter()]
    fit_members(
        _our_model(),
        *rows,
        settings,
        on_epoch=lambda *_: ends.append(time.perf_counter()),
    )
    spans = [after - before for before, after in itertools.pairwise(ends[1:])]
    return statistics.median(spans) * 1e3, ends[1] - ends[0]


def _our_model() -> MultiTaskModel:
    keras.utils.set_random_seed(0)
    tasks = [
        MulticlassTask("thal", classes=("a", "b", "c"), widths=(32,)),
        BinaryTask("heart", widths=(16,)),
    ]
    return build_hard_sharing(WIDTH, tasks, trunk=(32, 64))


def _fit(
    model: keras.Model, batch_size: int, epochs: int, warm_up: int
) -> Callable[[], Milliseconds]:
    settings = {
        "batch_size": batch_size,
        "verbose": 0,
        "validation_data": tuple(validation_rows()),
    }
    model.fit(*training_rows(), epochs=warm_up, **settings)

    def run() -> Milliseconds:
        clock = EpochClock()
        model.fit(*training_rows(), epochs=epochs, callbacks=[clock], **settings)
        return [seconds * 1e3 for seconds in clock.seconds]

    return run
