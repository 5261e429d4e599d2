"""Training steps of this package, in one program and in a long `fit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import keras_mtl.weighting
from benchmarks.epoch_clock import EpochClock
from benchmarks.side_by_side import Milliseconds, seconds_of
from benchmarks.weighting_problem import Problem
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_batch
from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import BinaryTask

__all__ = ["fit_steps", "make_model", "program_steps"]

LEARNING_RATE = 1e-3
EPOCHS_A_TURN = 3


def make_model(problem: Problem) -> MultiTaskModel:
    """Build the network."""
    keras.utils.set_random_seed(0)
    tasks = [BinaryTask(name, widths=(problem.head,)) for name in problem.names]
    model = build_hard_sharing(problem.width, tasks, trunk=problem.trunk)
    assert model.count_params() == problem.parameters
    return model


def program_steps(
    name: str, problem: Problem, steps: int
) -> Callable[[], Milliseconds]:
    """Return a function that times steps inside one program, compiled by XLA.

    A compiled epoch runs steps in the same way. The time is the time of only a step.

    Args:
        name: The weighting.
        problem: The network and the rows.
        steps: The number of steps per call.

        Returns:
            A function that runs the program once and returns the time of a step.
    """
    model = make_model(problem)
    inputs, labels = problem.batch()
    named = {task: tf.constant(labels[:, i]) for i, task in enumerate(problem.names)}
    step = BatchStep(model, keras_mtl.weighting.get(name))
    batch = pack_batch(step.blocks, Batch(tf.constant(inputs), named))
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    variables = model.trainable_variables
    optimizer.build(variables)

    def body(turn: Any, state: Any) -> tuple[Any, ...]:
        made = step(
            [tf.convert_to_tensor(variable) for variable in variables],
            [],
            batch,
            tf.ones([problem.tasks]),
            state,
        )
        optimizer.apply(made.gradients, variables)
        return turn + 1, made.weighting_state

    @tf.function(jit_compile=True, autograph=False)
    def program(state: Any) -> Any:
        return tf.while_loop(
            lambda turn, _: turn < steps, body, (tf.constant(0), state)
        )

    state = tf.nest.map_structure(tf.constant, step.initial_weighting_state())

    def run() -> None:
        nonlocal state
        turn, state = program(state)
        turn.numpy()  # Waits for the end of the program.

    return lambda: [seconds_of(run) / steps * 1e3]


def fit_steps(name: str, problem: Problem, steps: int) -> Callable[[], Milliseconds]:
    """Return a function that times steps of a long `fit`, with all its other work.

    Args:
        name: The weighting.
        problem: The network and the rows.
        steps: The number of steps per epoch.

        Returns:
            A function that fits for some epochs and returns the time of a step in each
            epoch except the first.
    """
    model = make_model(problem)
    inputs, labels = problem.batch()
    inputs = np.tile(inputs, (steps, 1))
    named = {task: np.tile(labels[:, i], steps) for i, task in enumerate(problem.names)}
    # TorchJD's steps have no metrics either.
    model.compile(
        keras.optimizers.Adam(LEARNING_RATE),
        weighting=name,
        metrics={task: [] for task in problem.names},
        # Long fits choose this themselves, but a fit that becomes long would switch in
        # the middle of the measurement.
        jit_compile=True,
    )
    clock = EpochClock()

    def run() -> Milliseconds:
        clock.seconds.clear()
        model.fit(
            inputs,
            named,
            batch_size=problem.rows,
            epochs=EPOCHS_A_TURN,
            shuffle=False,
            verbose=0,
            callbacks=[clock],
        )
        return [seconds / steps * 1e3 for seconds in clock.seconds[1:]]

    return run
