"""Members as copies of an architecture, each with chance of its own."""

from __future__ import annotations

import keras
import numpy as np

from keras_mtl.training.member_program import MemberProgram
from keras_mtl.training.multi_task_model import MultiTaskModel
from keras_mtl.training.random_states import is_seed

__all__ = [
    "member_seed",
    "new_member",
    "set_seed",
    "statistics",
    "weighting_state",
]


def new_member(model: MultiTaskModel, seed: int, index: int) -> MultiTaskModel:
    """Makes a copy of the architecture with initial weights of its own."""
    set_seed(seed, index)
    return type(model).from_config(model.get_config())


def weighting_state(program: MemberProgram, seed: int, index: int) -> dict:
    """Returns the state of a member's weighting before the first batch."""
    set_seed(seed, index)
    return program.step.initial_weighting_state()


def set_seed(seed: int, index: int) -> None:
    """Sets the global seed to a member's own."""
    # Keras's initialisers and random layers draw their seeds from the global
    # one; a member's must not depend on how many were made before it.
    keras.utils.set_random_seed(member_seed(seed, index))


def member_seed(seed: int, index: int) -> int:
    """Returns a member's own seed."""
    return int(np.random.default_rng((seed, index)).integers(2**31))


def statistics(model: MultiTaskModel) -> list[keras.Variable]:
    """Returns the variables that are not trained, but those of random layers."""
    return [each for each in model.non_trainable_variables if not is_seed(each)]
