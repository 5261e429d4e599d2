"""A function of one member, mapped over many."""

import numpy as np
import pytest
import tensorflow as tf

from keras_mtl.engine.map_members import map_members, unrolled_map


@pytest.mark.parametrize("members", [1, 3])
def test_each_way_is_a_vectorized_map(members):
    def function(arguments):
        weights, (rows, flags) = arguments
        return {"sum": tf.reduce_sum(weights[None] * rows, axis=1), "flags": flags}

    generator = np.random.default_rng(0)
    arguments = (
        tf.constant(generator.normal(size=(members, 4))),
        [
            tf.constant(generator.normal(size=(members, 5, 4))),
            tf.constant([1, 0, 1][:members]),
        ],
    )
    one = tf.vectorized_map(function, arguments)
    for mapped in (map_members, unrolled_map):
        two = mapped(function, arguments)
        np.testing.assert_allclose(one["sum"], two["sum"])
        np.testing.assert_array_equal(one["flags"], two["flags"])
