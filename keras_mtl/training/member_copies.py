"""Members as models, and their variables' values as stacks."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.training.member_program import MemberProgram
from keras_mtl.training.multi_task_model import MultiTaskModel
from keras_mtl.training.random_states import is_seed

__all__ = [
    "assign_values",
    "new_member",
    "set_seed",
    "stack_values",
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
    keras.utils.set_random_seed(
        int(np.random.default_rng((seed, index)).integers(2**31))
    )


def stack_values(variables: list[list[keras.Variable]]) -> list[np.ndarray]:
    """Returns for each variable the members' values, (K, ...)."""
    return [
        np.stack([keras.ops.convert_to_numpy(value) for value in values])
        for values in zip(*variables, strict=True)
    ]


def statistics(model: MultiTaskModel) -> list[keras.Variable]:
    """Returns the variables that are not trained, but those of random layers."""
    return [each for each in model.non_trainable_variables if not is_seed(each)]


def assign_values(
    members: list[MultiTaskModel],
    weights: list[tf.Tensor],
    other_values: list[tf.Tensor],
) -> None:
    """Gives members their parts of the stacks of weights and statistics."""
    values = [weight.numpy() for weight in weights]
    kept = [value.numpy() for value in other_values]
    for index, member in enumerate(members):
        for variable, stack in zip(member.trainable_variables, values, strict=True):
            variable.assign(stack[index])
        for variable, stack in zip(statistics(member), kept, strict=True):
            variable.assign(stack[index])
