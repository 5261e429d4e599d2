"""Temperature scaling as a layer, against the function that it follows."""

import keras
import numpy as np
import pytest

from keras_mtl.evaluation import apply_temperature
from keras_mtl.layers import TemperatureScaling

GENERATOR = np.random.default_rng(0)
SURE = np.float32([[0.0], [1e-20], [0.3], [0.5], [1 - 2**-24], [1.0]])


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_yes_or_no_probabilities_are_those_of_the_function(temperature):
    inputs = GENERATOR.uniform(size=(50, 3)).astype("float32")
    outputs = TemperatureScaling(temperature)(inputs)
    expected = apply_temperature(inputs, temperature)
    np.testing.assert_allclose(outputs, expected, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_classes_that_exclude_each_other_sum_to_one(temperature):
    inputs = GENERATOR.dirichlet(np.ones(4), size=50).astype("float32")
    outputs = np.asarray(TemperatureScaling(temperature, exclusive=True)(inputs))
    expected = apply_temperature(inputs, temperature, exclusive=True)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(outputs.argmax(axis=1), inputs.argmax(axis=1))


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("exclusive", [False, True])
def test_certain_probabilities_stay_finite_and_in_order(temperature, exclusive):
    inputs = np.concatenate([SURE, 1 - SURE], axis=1)
    outputs = np.asarray(TemperatureScaling(temperature, exclusive)(inputs))
    assert np.isfinite(outputs).all()
    assert (np.diff(outputs[:, 0]) >= 0).all()


def test_gradients_are_finite_where_the_network_is_certain():
    import tensorflow as tf

    inputs = tf.Variable(SURE)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(TemperatureScaling(2.0)(inputs))
    assert np.isfinite(tape.gradient(total, inputs)).all()


def test_a_temperature_that_is_no_positive_number_is_refused():
    for wrong in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="Expected a positive number"):
            TemperatureScaling(wrong)


def test_the_config_makes_the_same_layer():
    layer = TemperatureScaling(0.1 + 0.2, exclusive=True, name="thal.temperature")
    same = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert same.get_config() == layer.get_config()
    assert same.temperature == layer.temperature
