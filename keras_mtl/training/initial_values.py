"""The values that many members' variables begin with."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.training.member_copies import new_member, set_seed, statistics
from keras_mtl.training.multi_task_model import MultiTaskModel

__all__ = ["InitialValues", "initial_values"]

# Up to so many members are made; from there on their values are drawn.
MADE = 2
# Keras's own range of the seeds that an initializer draws for itself.
LARGEST_SEED = int(1e9)


class InitialValues(NamedTuple):
    """What members begin with, with an axis of K members in front.

    Attributes:
        weights: Of the trainable variables.
        statistics: Of the other ones, without the states of random layers.
    """

    weights: list[np.ndarray]
    statistics: list[np.ndarray]

    def last_is(self, values: list[list[np.ndarray]]) -> bool:
        """Tells whether the last member begins with these values."""
        return all(
            np.array_equal(stack[-1], value)
            for stacks, own in zip(self, values, strict=True)
            for stack, value in zip(stacks, own, strict=True)
        )


class _Origin(NamedTuple):
    """Where the first value of a variable comes from.

    Attributes:
        initializer: What gives it.
        place: Which of the seeds drawn is the initializer's; None if none is.
        shape: The variable's shape.
        dtype: Its type.
    """

    initializer: Callable[..., Any]
    place: int | None
    shape: tuple[int, ...]
    dtype: str

    def fixed(self) -> np.ndarray:
        """Returns the value that all members have."""
        return keras.ops.convert_to_numpy(
            self.initializer(self.shape, dtype=self.dtype)
        )

    def drawn(self, seeds: tf.Tensor) -> tf.Tensor:
        """Returns the value by the seeds that a member draws."""
        initializer = copy.copy(self.initializer)
        initializer.seed = _GivenSeed(seeds[self.place])  # type: ignore[attr-defined]
        return initializer(self.shape, dtype=self.dtype)


class _GivenSeed(keras.random.SeedGenerator):
    """A seed that is a tensor, where Keras takes a number or a generator."""

    def __init__(self, seed: tf.Tensor) -> None:
        # It has no state, and so no variable.
        self.seed = seed

    def next(self, ordered=True):
        # As Keras makes it of a number.
        return tf.stack([self.seed, tf.zeros_like(self.seed)])


def initial_values(
    model: MultiTaskModel, seed: int, numbers: Sequence[int]
) -> InitialValues:
    """Returns the values that copies of an architecture would begin with.

    To make a model takes a tenth of a second, and of many members nothing but
    the values is needed. An initializer of Keras draws its seed when it is made,
    one after the other; so it is enough to see once which variable has which
    draw. One member is made, to be sure of it: where initializers hide their
    seeds, or draw otherwise, all are made.

    Args:
        model: The architecture.
        seed: Member k draws its values from (seed, k).
        numbers: The members' k.
    """
    if len(numbers) > MADE:
        origins = _find_origins(model, seed, numbers[0])
        drawn = _draw(origins, seed, numbers)
        if drawn.last_is(_values(new_member(model, seed, numbers[-1]))):
            return drawn
    members = [_values(new_member(model, seed, number)) for number in numbers]
    return InitialValues(
        *[
            [np.stack(each) for each in zip(*part, strict=True)]
            for part in zip(*members, strict=True)
        ]
    )


def _variables(model: MultiTaskModel) -> list[list[keras.Variable]]:
    return [model.trainable_variables, statistics(model)]


def _find_origins(model: MultiTaskModel, seed: int, number: int) -> list[list[_Origin]]:
    # Here variables wait for their values, and tell where they will have them
    # from.
    with keras.StatelessScope():
        made = new_member(model, seed, number)
        variables = _variables(made)
        initializers = [[each._initializer for each in part] for part in variables]
    places = {
        drawn: place
        for place, drawn in enumerate(_seeds(seed, number, 20 * len(made.variables)))
    }
    return [
        [
            _Origin(
                initializer,
                _place(initializer, places),
                tuple(variable.shape),
                variable.dtype,
            )
            for variable, initializer in zip(part, found, strict=True)
        ]
        for part, found in zip(variables, initializers, strict=True)
    ]


def _place(initializer: Callable[..., Any], places: dict[int, int]) -> int | None:
    # One of another's making may do anything with its seed.
    if not type(initializer).__module__.startswith("keras."):
        return None
    seed = getattr(initializer, "seed", None)
    return places.get(seed) if isinstance(seed, int) else None


def _seeds(seed: int, number: int, count: int) -> list[int]:
    """Returns the seeds that a member's initializers draw, in their order."""
    set_seed(seed, number)
    return [random.randint(1, LARGEST_SEED) for _ in range(count)]


def _draw(
    origins: list[list[_Origin]], seed: int, numbers: Sequence[int]
) -> InitialValues:
    random_ones = [each for part in origins for each in part if each.place is not None]
    count = 1 + max((each.place or 0 for each in random_ones), default=-1)
    seeds = tf.constant(
        [_seeds(seed, number, count) for number in numbers],
        keras.random.SeedGenerator(0).state.dtype,
        (len(numbers), count),
    )

    @tf.function(autograph=False)
    def draw(seeds: tf.Tensor) -> list[tf.Tensor]:
        return tf.map_fn(
            lambda own: [each.drawn(own) for each in random_ones],
            seeds,
            fn_output_signature=[
                tf.TensorSpec(each.shape, each.dtype) for each in random_ones
            ],
        )

    # The seed of no member: what is drawn from elsewhere is then seen to be so.
    keras.utils.set_random_seed(0)
    drawn = iter(draw.get_concrete_function(seeds)(seeds) if random_ones else [])
    return InitialValues(
        *[
            [
                np.stack([each.fixed()] * len(numbers))
                if each.place is None
                else next(drawn).numpy()
                for each in part
            ]
            for part in origins
        ]
    )


def _values(model: MultiTaskModel) -> list[list[np.ndarray]]:
    return [
        [keras.ops.convert_to_numpy(each) for each in part]
        for part in _variables(model)
    ]
