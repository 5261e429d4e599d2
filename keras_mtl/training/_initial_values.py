"""The values that members' variables begin with."""

from __future__ import annotations

import copy as copy_module
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.engine.training_graph import initialize_waiting_variables, is_seed

__all__ = ["InitialValues", "initial_values", "member_seed", "set_seed"]


class InitialValues(NamedTuple):
    """Initial values of members, whose first axis is the K members.

    Attributes:
        weights: Of the trainable variables.
        statistics: Of the other ones, without the states of random layers.
    """

    weights: list[np.ndarray]
    statistics: list[np.ndarray]


class _GivenSeed(keras.random.SeedGenerator):
    """A seed that is a tensor, where Keras takes a number or a generator."""

    def __init__(self, seed: tf.Tensor) -> None:
        # It has no state, and so no variable.
        self.seed = seed

    def next(self, ordered: bool = True) -> tf.Tensor:
        return self.seed


def member_seed(seed: int, number: int) -> int:
    """Return a member's own seed."""
    return int(np.random.default_rng((seed, number)).integers(2**31))


def set_seed(seed: int, number: int) -> None:
    """Set the global seeds to a member's own, whichever others train beside it."""
    keras.utils.set_random_seed(member_seed(seed, number))


def initial_values(model: Any, seed: int, numbers: Sequence[int]) -> InitialValues:
    """Draw the values that members begin with.

    Variable i of member k is drawn by its own initializer from (seed, k, i),
    where i counts the model's variables. An initializer that was given a seed
    gives all members the same values.

    Args:
        model: The architecture. Its variables are left alone.
        seed: The seed of all members.
        numbers: The members' k.
    """
    copy = _waiting_copy(model)
    variables = _variables(copy)
    random = [i for i, each in enumerate(variables) if _is_random(each._initializer)]
    seeds = np.array(
        [
            [np.random.SeedSequence((seed, k, i)).generate_state(2) for i in random]
            for k in numbers
        ]
    ).reshape(len(numbers), len(random), 2)
    drawn = dict(zip(random, _draw([variables[i] for i in random], seeds), strict=True))
    values = {
        id(variable): drawn[i] if i in drawn else _call(model, copy, i, seed, numbers)
        for i, variable in enumerate(variables)
    }
    statistics = [each for each in copy.non_trainable_variables if not is_seed(each)]
    initialize_waiting_variables()
    return InitialValues(
        [values[id(each)] for each in copy.trainable_variables],
        [values[id(each)] for each in statistics],
    )


def _is_random(initializer: Any) -> bool:
    """Return whether one of Keras's own initializers draws from a seed not given."""
    own = type(initializer).__module__.startswith("keras.")
    if not own or not hasattr(initializer, "get_config"):
        return False
    return initializer.get_config().get("seed", 0) is None


def _draw(variables: Sequence[Any], seeds: np.ndarray) -> list[np.ndarray]:
    """Draw the values of Keras's initializers, for all members in one call."""
    if not variables:
        return []

    def one_member(seeds: tf.Tensor) -> list[tf.Tensor]:
        values = []
        for index, variable in enumerate(variables):
            initializer = variable._initializer
            config = {**initializer.get_config(), "seed": _GivenSeed(seeds[index])}
            drawing = type(initializer)(**config)
            values.append(drawing(tuple(variable.shape), dtype=variable.dtype))
        return values

    @tf.function(autograph=False)
    def all_members(seeds: tf.Tensor) -> list[tf.Tensor]:
        specs = [tf.TensorSpec(each.shape, each.dtype) for each in variables]
        return tf.map_fn(one_member, seeds, fn_output_signature=specs)

    # The seeds of TensorFlow's kernels are int32.
    given = tf.constant((seeds >> 1).astype("int32"))
    # Traced here: TensorFlow warns of a function that is called once for each fit.
    program = all_members.get_concrete_function(tf.TensorSpec.from_tensor(given))
    drawn = program(given)
    return [each.numpy() for each in drawn]


def _call(
    model: Any, copy: Any, index: int, seed: int, numbers: Sequence[int]
) -> np.ndarray:
    """Call any other initializer for each member, with the global seeds set."""
    variable = _variables(copy)[index]
    initializer = variable._initializer

    def value(initializer: Callable[..., Any] | None, number: int) -> np.ndarray:
        state = np.random.SeedSequence((seed, number, index)).generate_state(1)
        keras.utils.set_random_seed(int(state[0] >> 1))
        if initializer is None:
            # One that Keras made in the layer, out of others: a function. Those
            # had drawn their seeds when the layer was made.
            initializer = _variables(_waiting_copy(model))[index]._initializer
        given = initializer(tuple(variable.shape), dtype=variable.dtype)
        return keras.ops.convert_to_numpy(keras.ops.cast(given, variable.dtype))

    if not isinstance(initializer, keras.initializers.Initializer):
        same = [value(None, number) for number in (0, 1)]
        if np.array_equal(same[0], same[1]):
            return np.stack(same[:1] * len(numbers))
        return np.stack([value(None, number) for number in numbers])
    kind, config = type(initializer), initializer.get_config()
    if kind.__module__.startswith("keras."):
        # Zeros, ones, or a seed that was given: the same for all members.
        return np.stack([value(initializer, 0)] * len(numbers))
    # It may draw a seed when it is made, or when it is called.
    values = []
    for number in numbers:
        set_seed(seed, number)
        values.append(value(kind.from_config(config), number))
    return np.stack(values)


def _waiting_copy(model: Any) -> Any:
    """Make a copy whose variables still have their initializers."""
    # Keras's `Variable` keeps its initializer, without a public name, until it
    # has a value: in this scope it never gets one.
    with keras.StatelessScope(initialize_variables=False):
        return type(model).from_config(copy_module.deepcopy(model.get_config()))


def _variables(model: Any) -> list[Any]:
    return [each for each in model.variables if not is_seed(each)]
