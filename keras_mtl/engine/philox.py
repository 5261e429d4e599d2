"""TensorFlow's uniform random numbers, compared with a rate in one XLA program.

`tf.random.stateless_uniform` writes four bytes per number and takes three times as long
as its generator alone, Philox4x32-10 (Salmon et al., 2011, "Parallel random numbers: as
easy as 1, 2, 3"). XLA's own operation is slower still on CPUs. Here the generator is
written in integer arithmetic. XLA vectorizes it and fuses it with the comparison, which
writes one byte per number.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from tensorflow import bitwise

__all__ = ["uniform_reaches"]

# The constants of Philox4x32-10.
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_INCREMENTS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
# The number of low bits of a random uint32 that become a float32 in [0, 1).
MANTISSA_BITS = 23


def uniform_reaches(seeds: tf.Tensor, shape: Sequence[int], rate: float) -> tf.Tensor:
    """Return which of TensorFlow's float32 uniform numbers are at least a rate.

    Args:
        seeds: One seed per draw, int32 of shape (S, 2).
        shape: The shape of the numbers of one draw.
        rate: The rate, a number between 0 and 1.

    Returns:
        Booleans of shape (S, *shape). Those of a seed are the same as
        `tf.random.stateless_uniform(shape, seed) >= rate`.

    Example:

    >>> seed = tf.constant([1, 2])
    >>> kept = uniform_reaches(seed[None], (3, 5), 0.2)[0]
    >>> bool(tf.reduce_all(kept == (tf.random.stateless_uniform((3, 5), seed) >= 0.2)))
    True
    """
    size = math.prod(shape)
    keys, counters = tf.map_fn(
        _key_and_counter,
        seeds,
        fn_output_signature=(
            tf.TensorSpec((1,), tf.uint64),
            tf.TensorSpec((2,), tf.uint64),
        ),
    )
    # The numbers are multiples of 2**-23, so the rate is rounded up to one.
    least = math.ceil(float(np.float32(rate)) * 2**MANTISSA_BITS)
    reached = _program(size)(keys, counters, tf.constant(least, tf.uint32))
    return tf.reshape(reached, (-1, *shape))


def _key_and_counter(seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    return key, counter


@functools.cache
def _program(size: int) -> tf.types.experimental.PolymorphicFunction:
    """Return the XLA program for draws of `size` numbers."""
    groups = -(-size // 4)

    @tf.function(jit_compile=True, autograph=False)
    def reaches(keys: tf.Tensor, counters: tf.Tensor, least: tf.Tensor) -> tf.Tensor:
        mantissa = tf.constant(2**MANTISSA_BITS - 1, tf.uint32)
        packed = tf.zeros((), tf.uint32)
        # The four numbers of a group are four bytes of an integer, interleaved for
        # free.
        for place, bits in enumerate(_philox(keys, counters, groups)):
            reached = tf.cast(bitwise.bitwise_and(bits, mantissa) >= least, tf.uint32)
            packed = bitwise.bitwise_or(
                packed, bitwise.left_shift(reached, tf.constant(8 * place, tf.uint32))
            )
        flat = tf.reshape(tf.bitcast(packed, tf.uint8), (-1, 4 * groups))
        return tf.cast(flat[:, :size], tf.bool)

    return reaches


def _philox(keys: tf.Tensor, counters: tf.Tensor, groups: int) -> list[tf.Tensor]:
    """Return the four random uint32 of each group, (S, groups) each."""
    step = tf.cast(tf.range(groups), tf.uint64)[None]
    # The counter is a 128-bit integer.
    low = counters[:, :1] + step
    high = counters[:, 1:] + tf.cast(low < step, tf.uint64)
    state = [_low(low), _high(low), _low(high), _high(high)]
    key = [_low(keys), _high(keys)]
    first, second = (tf.constant(each, tf.uint64) for each in MULTIPLIERS)
    for _ in range(ROUNDS):
        one = tf.cast(state[0], tf.uint64) * first
        other = tf.cast(state[2], tf.uint64) * second
        state = [
            _xor(_high(other), state[1], key[0]),
            _low(other),
            _xor(_high(one), state[3], key[1]),
            _low(one),
        ]
        key = [
            each + tf.constant(increment, tf.uint32)
            for each, increment in zip(key, KEY_INCREMENTS, strict=True)
        ]
    return state


def _xor(first: tf.Tensor, second: tf.Tensor, third: tf.Tensor) -> tf.Tensor:
    return bitwise.bitwise_xor(bitwise.bitwise_xor(first, second), third)


def _low(values: tf.Tensor) -> tf.Tensor:
    return tf.cast(values, tf.uint32)


def _high(values: tf.Tensor) -> tf.Tensor:
    return tf.cast(bitwise.right_shift(values, tf.constant(32, tf.uint64)), tf.uint32)
