import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_mtl.engine.philox import uniform_reaches

SEEDS = st.integers(-(2**31), 2**31 - 1)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(SEEDS, SEEDS), min_size=1, max_size=3),
    st.sampled_from([(), (1,), (4,), (7,), (3, 5), (2, 3, 4)]),
    st.floats(0, 1),
)
def test_numbers_are_those_of_tensorflow(seeds, shape, rate):
    seeds = tf.constant(seeds, tf.int32)
    expected = [tf.random.stateless_uniform(shape, seed) >= rate for seed in seeds]
    reached = uniform_reaches(seeds, shape, rate)
    assert reached.shape == (len(seeds), *shape)
    np.testing.assert_array_equal(reached, np.stack(expected))


@pytest.mark.parametrize("rate", [0.0, 0.1, 1 / 3, 0.5, 0.999])
def test_many_numbers_are_those_of_tensorflow(rate):
    seed = tf.constant([5, 6])
    expected = tf.random.stateless_uniform((100_001,), seed) >= rate
    reached = uniform_reaches(seed[None], (100_001,), rate)[0]
    np.testing.assert_array_equal(reached, expected)


def test_the_counter_carries_beyond_64_bits(monkeypatch):
    near_the_end = tf.constant([2**64 - 2, 7], tf.uint64)
    key = tf.constant([11], tf.uint64)
    monkeypatch.setattr(
        "keras_mtl.engine.philox._key_and_counter", lambda seed: (key, near_the_end)
    )
    expected = tf.raw_ops.StatelessRandomUniformV2(
        shape=[40], key=key, counter=near_the_end, alg=1
    )
    reached = uniform_reaches(tf.constant([[0, 0]]), (40,), 0.5)[0]
    np.testing.assert_array_equal(reached, expected >= 0.5)
