"""Rows per second in training on a large encoded matrix, beside plain Keras."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import keras
import numpy as np

from benchmarks.side_by_side import side_by_side
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.tasks import Task
from keras_mtl.training import fit_members
from keras_mtl.training.settings import TrainingSettings

__all__ = ["rows_a_second"]

TRUNK = (32, 64)
HEAD = 16


def rows_a_second(
    tasks: Sequence[Task],
    matrix: np.ndarray,
    labels: Mapping[str, np.ndarray],
    batch_sizes: Sequence[int],
    rounds: int,
) -> dict[str, dict[int, float]]:
    """Train the same network in turns of one epoch.

    Plain Keras has less work than this package. Its missing labels are filled, so it
    needs no masks and does not count rows.

    Args:
        tasks: The tasks.
        matrix: The encoded rows, float32 of shape (N, columns).
        labels: The labels by task name; NaN is missing.
        batch_sizes: The measured batch sizes.
        rounds: The number of rounds.

        Returns:
            The rows per second by way and batch size, medians over the rounds.
    """
    speeds: dict[str, dict[int, float]] = {"keras_mtl": {}, "plain Keras": {}}
    for batch_size in batch_sizes:
        found = side_by_side(
            {
                "keras_mtl": _members(tasks, matrix, labels, batch_size),
                "plain Keras": _plain(tasks, matrix, labels, batch_size),
            },
            rounds,
        )
        for way, milliseconds in found.items():
            speeds[way][batch_size] = 1000 * len(matrix) / milliseconds
    return speeds


def _members(tasks, matrix, labels, batch_size) -> Callable[[], list[float]]:
    core = build_hard_sharing(
        matrix.shape[1],
        [task.replace(widths=(HEAD,)) for task in tasks],
        trunk=TRUNK,
        activation="silu",
    )
    settings = TrainingSettings(members=1, epochs=3, batch_size=batch_size)

    def measure() -> list[float]:
        ends = []
        fit_members(
            core,
            matrix,
            labels,
            settings,
            on_epoch=lambda epoch, means: ends.append(time.perf_counter()),
        )
        # The first epoch compiles.
        return [1000 * (after - before) for before, after in pairwise(ends)]

    return measure


def _plain(tasks, matrix, labels, batch_size) -> Callable[[], list[float]]:
    inputs = keras.Input((matrix.shape[1],))
    hidden = inputs
    for width in TRUNK:
        hidden = keras.layers.Dense(width, activation="silu")(hidden)
    outputs, losses, filled = {}, {}, {}
    for task in tasks:
        head = keras.layers.Dense(HEAD, activation="silu")(hidden)
        outputs[task.name] = keras.layers.Dense(
            task.units, activation=task.output_activation, name=task.name
        )(head)
        losses[task.name] = {
            "binary": "binary_crossentropy",
            "multiclass": "sparse_categorical_crossentropy",
        }.get(task.kind, "mean_squared_error")
        filled[task.name] = np.nan_to_num(labels[task.name])
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(1e-3), loss=losses)

    def measure() -> list[float]:
        start = time.perf_counter()
        model.fit(matrix, filled, batch_size=batch_size, epochs=1, verbose=0)
        return [1000 * (time.perf_counter() - start)]

    return measure
