"""Models of many equal tasks, in plain Keras and in this package."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from benchmarks.epoch_clock import EpochClock, warm_up
from benchmarks.side_by_side import Milliseconds, side_by_side
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import BinaryTask

__all__ = [
    "TaskTimes",
    "head_products",
    "keras_model",
    "our_model",
    "task_steps",
    "task_times",
]

FEATURES, TRUNK, WIDTH = 12, (32, 64), 16
BATCH_SIZE, STEPS = 256, 8
WARM_UP_EPOCHS = 10


class TaskTimes(NamedTuple):
    """Times by way (`ours`, `Keras`, `products`) and number of tasks.

    Attributes:
        counts: The numbers of tasks.
        steps: The milliseconds of a step.
        first: The seconds to build the model and train a first epoch of 8 steps.
    """

    counts: list[int]
    steps: dict[tuple[str, int], float]
    first: dict[tuple[str, int], float]


def task_times(
    counts: list[int], keras_up_to: int, rounds: int, weighting: str
) -> TaskTimes:
    """Measure models of several numbers of equal tasks, and of one task, in turns.

    Args:
        counts: The numbers of tasks.
        keras_up_to: The largest number of tasks of a model of plain Keras.
        rounds: The number of turns of each model.
        weighting: The weighting of this package.
    """
    counts = sorted({1, *counts})
    # The first use of TensorFlow loads libraries, and is not measured.
    _timed_fit(lambda: keras_model(1), 1)
    _timed_fit(lambda: our_model(1, weighting), 1)
    ways, first = {}, {}
    for count in counts:
        if count <= keras_up_to:
            ways["Keras", count], first["Keras", count] = _timed_fit(
                lambda count=count: keras_model(count), count
            )
        ways["ours", count], first["ours", count] = _timed_fit(
            lambda count=count: our_model(count, weighting), count
        )
        # The smallest possible work of the heads.
        ways["products", count] = head_products(count)
    return TaskTimes(counts, side_by_side(ways, rounds), first)


def keras_model(tasks: int) -> keras.Model:
    """Build a functional model of plain Keras, with one head and loss per task."""
    inputs = keras.Input((FEATURES,))
    hidden = inputs
    for width in TRUNK:
        hidden = keras.layers.Dense(width, activation="relu")(hidden)
    outputs = {}
    for name in _names(tasks):
        head = keras.layers.Dense(WIDTH, activation="relu")(hidden)
        outputs[name] = keras.layers.Dense(1, activation="sigmoid", name=name)(head)
    model = keras.Model(inputs, outputs)
    losses = dict.fromkeys(outputs, "binary_crossentropy")
    model.compile(keras.optimizers.Adam(1e-3), loss=losses)
    return model


def our_model(tasks: int, weighting: str) -> MultiTaskModel:
    """Build a model of this package, with the metrics of the tasks."""
    declared = [BinaryTask(name, widths=(WIDTH,)) for name in _names(tasks)]
    model = build_hard_sharing(FEATURES, declared, trunk=TRUNK)
    model.compile(keras.optimizers.Adam(1e-3), weighting=weighting)
    return model


def _timed_fit(
    make: Callable[[], keras.Model], tasks: int
) -> tuple[Callable[[], Milliseconds], float]:
    """Build a model and train it for an epoch.

    Args:
        make: A function that builds and compiles the model.
        tasks: The number of tasks of the model.

        Returns:
            A function that continues training and returns the milliseconds of a step in
            each epoch; and the seconds until the end of the first epoch.
    """
    generator = np.random.default_rng(0)
    rows = BATCH_SIZE * STEPS
    x = generator.normal(size=(rows, FEATURES)).astype("float32")
    y = {name: (x @ generator.normal(size=FEATURES) > 0) for name in _names(tasks)}
    y = {name: labels.astype("float32") for name, labels in y.items()}
    start = time.perf_counter()
    model = make()
    model.fit(x, y, batch_size=BATCH_SIZE, verbose=0)
    first = time.perf_counter() - start

    # Steps are measured as in a fit of many epochs, like with a real table.
    warm_up(model, x, y, WARM_UP_EPOCHS, batch_size=BATCH_SIZE)

    def run() -> Milliseconds:
        clock = EpochClock()
        model.fit(x, y, batch_size=BATCH_SIZE, epochs=3, verbose=0, callbacks=[clock])
        return [seconds / STEPS * 1e3 for seconds in clock.seconds]

    return run, first


def task_steps(tasks: int, weighting: str = "sum") -> Callable[[], Milliseconds]:
    """Return a function that times the steps of this package's `fit`."""
    return _timed_fit(lambda: our_model(tasks, weighting), tasks)[0]


def head_products(tasks: int) -> Callable[[], Milliseconds]:
    """Return a function that times only the products of the heads' hidden layers.

    One compiled function has the three matrix products of the forward and the backward
    pass, with given slopes: no bias, no activation, no output layer (2 % of the
    arithmetic), no update.
    """
    rows = tf.random.normal((BATCH_SIZE, TRUNK[-1]))
    kernels = tf.random.normal((TRUNK[-1], tasks * WIDTH))
    slopes = tf.random.normal((BATCH_SIZE, tasks * WIDTH))

    @tf.function(jit_compile=True, autograph=False)
    def forward_and_backward() -> list[tf.Tensor]:
        return [
            tf.matmul(rows, kernels),
            tf.matmul(slopes, kernels, transpose_b=True),
            tf.matmul(rows, slopes, transpose_a=True),
        ]

    def run() -> Milliseconds:
        start = time.perf_counter()
        for _ in range(STEPS):
            forward_and_backward()[-1].numpy()
        return [(time.perf_counter() - start) / STEPS * 1e3]

    return run


def _names(tasks: int) -> list[str]:
    return [f"task_{index}" for index in range(tasks)]
