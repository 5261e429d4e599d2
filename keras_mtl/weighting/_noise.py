"""Random numbers from the state of a Keras `SeedGenerator`.

TensorFlow's own random operations cannot be mapped over members with different seeds,
and XLA's operations are slow on a CPU. These numbers are a hash of the generator's
state and of the entry's position. The state advances like that of the generator.
"""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

__all__ = ["normal", "seed_state", "uniform"]

_LOW_32 = 0xFFFFFFFF


def seed_state(seed: int | None) -> dict[str, np.ndarray]:
    """Return the entry `seed` of a state, from a new `SeedGenerator`.

    The generator makes a variable, so call this function outside of compiled functions.

    Args:
        seed: An integer; or None for a seed that depends on
            `keras.utils.set_random_seed`.
    """
    generator = keras.random.SeedGenerator(seed)
    return {"seed": ops.convert_to_numpy(generator.state).astype("int64")}


def uniform(seed: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Draw float64 numbers in (0, 1), and return the next `seed`.

    Args:
        seed: The state of a `SeedGenerator`, (2,): the seed, and the number of draws.
        shape: The shape of the numbers.
    """
    key = _hash(seed[0] + 0x9E3779B9)
    key = _hash(ops.bitwise_xor(key, ops.bitwise_and(seed[1] + 0x7F4A7C15, _LOW_32)))
    places = ops.arange(math.prod(shape), dtype="int64")
    bits = _hash(ops.bitwise_xor(_hash(places + key), key))
    numbers = (ops.cast(bits, "float64") + 0.5) / 2.0**32
    following = seed + ops.convert_to_tensor(np.array([0, 1]), dtype=seed.dtype)
    return ops.reshape(numbers, shape), following


def normal(seed: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Draw float64 standard normal numbers (Box and Muller); return the next seed."""
    numbers, seed = uniform(seed, (*shape, 2))
    radius = ops.sqrt(-2.0 * ops.log(numbers[..., 0]))
    return radius * ops.cos(2.0 * math.pi * numbers[..., 1]), seed


def _hash(values: Any) -> Any:
    # The 32-bit integer mix of C. Wellons ("lowbias32"), on 64-bit integers.
    values = ops.bitwise_and(values, _LOW_32)
    values = ops.bitwise_xor(values, ops.right_shift(values, 16))
    values = ops.bitwise_and(values * 0x7FEB352D, _LOW_32)
    values = ops.bitwise_xor(values, ops.right_shift(values, 15))
    values = ops.bitwise_and(values * 0x846CA68B, _LOW_32)
    return ops.bitwise_xor(values, ops.right_shift(values, 16))
