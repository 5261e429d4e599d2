import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_mtl.training.adam import adam_update, initial_adam_state

MEMBERS, UPDATES = 3, 5


def _gradients(seed):
    generator = np.random.default_rng(seed)
    return [
        generator.normal(size=(UPDATES, MEMBERS, 4, 2)).astype("float32"),
        generator.normal(size=(UPDATES, MEMBERS, 2)).astype("float32"),
    ]


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_each_member_moves_as_keras_moves_it(weight_decay):
    kernels, biases = _gradients(0)
    rates = np.array([1e-3, 1e-2, 0.1], "float32")
    start = [np.ones((MEMBERS, 4, 2), "float32"), np.ones((MEMBERS, 2), "float32")]
    weights = [tf.constant(value) for value in start]
    state = initial_adam_state(weights, MEMBERS)
    for update in range(UPDATES):
        weights, state = adam_update(
            weights,
            [tf.constant(kernels[update]), tf.constant(biases[update])],
            state,
            tf.constant(rates),
            tf.fill([MEMBERS], weight_decay),
            tf.ones([MEMBERS]),
        )
    for member in range(MEMBERS):
        kernel = keras.Variable(start[0][member], name="kernel")
        bias = keras.Variable(start[1][member], name="bias")
        optimizer = keras.optimizers.AdamW(
            float(rates[member]), weight_decay=weight_decay
        )
        optimizer.exclude_from_weight_decay([bias])
        for update in range(UPDATES):
            optimizer.apply(
                [
                    keras.ops.convert_to_tensor(kernels[update, member]),
                    keras.ops.convert_to_tensor(biases[update, member]),
                ],
                [kernel, bias],
            )
        np.testing.assert_allclose(weights[0][member], kernel.numpy(), atol=1e-6)
        np.testing.assert_allclose(weights[1][member], bias.numpy(), atol=1e-6)


def test_a_member_that_stays_keeps_its_weights_and_state():
    kernels, biases = _gradients(1)
    weights = [tf.ones((MEMBERS, 4, 2)), tf.ones((MEMBERS, 2))]
    state = initial_adam_state(weights, MEMBERS)
    moved, state = adam_update(
        weights,
        [tf.constant(kernels[0]), tf.constant(biases[0])],
        state,
        tf.fill([MEMBERS], 0.1),
        tf.fill([MEMBERS], 1.0),
        tf.constant([1.0, 0.0, 1.0]),
    )
    np.testing.assert_array_equal(moved[0][1], 1.0)
    np.testing.assert_array_equal(state.first[0][1], 0.0)
    assert state.updates.numpy().tolist() == [1.0, 0.0, 1.0]
    assert not np.allclose(moved[0][0], 1.0)
