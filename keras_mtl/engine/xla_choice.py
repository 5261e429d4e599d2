"""Rules for when XLA compiles an epoch."""

from __future__ import annotations

import warnings
from typing import Any

import keras

from keras_mtl.engine.training_graph import Noise

__all__ = ["groups_that_pay", "one_program_pays", "suits_xla", "xla_pays"]

# XLA takes 1.6 to 1.7 seconds of a core to compile the steps of a small network. It
# saves 0.22 ms in each step of one member, 1.4 of ten members, 2.3 of a hundred.
COMPILE_SECONDS = 1.7
SAVED_PER_STEP = 1e-4
SAVED_PER_MEMBER = 1.25e-4
MEMBERS_THAT_SAVE = 17
# Compiling the metrics and the evaluation too takes one to two more seconds, and saves
# about a millisecond in each epoch.
EPOCHS_OF_ONE_PROGRAM = 1500

# A step of the article's network takes one core 32 microseconds per member. On two
# cores, XLA makes one program 1.5 times as fast as on one core. Two programs of half
# the members, run at the same time, are 1.8 times as fast. Tracing and compiling one
# more program takes 1.7 seconds.
SECONDS_PER_MEMBER = 3.2e-5
SPEEDUP_OF_ONE_PROGRAM = 1.5
SPEEDUP_PER_GROUP = 0.9
SECONDS_PER_PROGRAM = 1.7
LEAST_IN_A_GROUP = 32


def xla_pays(steps: int, members: int = 1) -> bool:
    """Return whether XLA saves more time than it takes to compile.

    The rule was measured on two cores with the articles' network. XLA saves less for
    large networks, but their steps are so long that the time to compile does not
    matter.

    Args:
        steps: The number of remaining steps.
        members: The number of members that take each step together.
    """
    saved = SAVED_PER_STEP + SAVED_PER_MEMBER * min(members, MEMBERS_THAT_SAVE)
    return steps * saved > COMPILE_SECONDS


def groups_that_pay(steps: int, members: int, cores: int) -> int:
    """Return the best number of groups of members to train at the same time.

    Args:
        steps: The number of steps of the whole fit.
        members: The number of members.
        cores: The number of available cores.
    """
    work = steps * members * SECONDS_PER_MEMBER

    def seconds(groups: int) -> float:
        speedup = SPEEDUP_PER_GROUP * groups
        if groups == 1:
            speedup = min(cores, SPEEDUP_OF_ONE_PROGRAM)
        return groups * SECONDS_PER_PROGRAM + work / speedup

    most = max(1, min(cores, members // LEAST_IN_A_GROUP))
    return min(range(1, most + 1), key=seconds)


def one_program_pays(epochs: int) -> bool:
    """Return whether XLA compiles the metrics and the evaluation with the steps.

    Args:
        epochs: The planned number of epochs.
    """
    return epochs >= EPOCHS_OF_ONE_PROGRAM


def suits_xla(graph: Any, noise: Noise) -> bool:
    """Return whether XLA can compile a graph and makes it faster.

    On CPUs, XLA is several times slower than TensorFlow's own kernels for convolutions
    within a loop. A random layer that draws for itself would draw other numbers in XLA
    than in TensorFlow.
    """
    slow = any(
        hasattr(layer, "kernel_size") or isinstance(layer, keras.layers.RNN)
        for layer in graph._flatten_layers()
    )
    return not slow and not noise.inside and _supports_xla(graph)


def _supports_xla(model: keras.Model) -> bool:
    # Keras checks the layers when it compiles.
    before = model.jit_compile
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.jit_compile = True
    supported = model.jit_compile
    model.jit_compile = before
    return bool(supported)
