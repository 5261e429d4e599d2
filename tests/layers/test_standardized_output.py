"""The output of a regression is in the labels' unit, and learns as if near zero."""

import keras
import numpy as np

from keras_mtl.layers import DeviationOutput, StandardizedOutput


def test_the_answer_is_the_dense_layers_in_another_unit():
    inputs = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    layer = StandardizedOutput(mean=1000.0, scale=50.0)
    layer.build((None, 4))
    plain = keras.layers.Dense(1)
    plain.build((None, 4))
    plain.set_weights(layer.get_weights())
    np.testing.assert_allclose(
        layer(inputs), 1000 + 50 * np.asarray(plain(inputs)), rtol=1e-6
    )


def test_it_is_saved_with_its_unit(tmp_path):
    inputs = keras.Input((4,))
    outputs = StandardizedOutput(mean=10.0, scale=2.0, name="cost")(inputs)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    rows = np.ones((3, 4), "float32")
    np.testing.assert_array_equal(loaded(rows), model(rows))
    assert loaded.get_layer("cost").scale == 2.0


def test_it_stays_float32_under_mixed_precision():
    layer = StandardizedOutput(mean=1e6, scale=1e3)
    assert layer.compute_dtype == "float32"
    keras.config.set_dtype_policy("mixed_float16")
    try:
        assert StandardizedOutput().compute_dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


def test_limits_hold_for_answers_and_not_in_training():
    x = np.array([[-9.0, 0.5], [0.0, 1.0], [9.0, 7.0]], "float32")
    settings = {"mean": 10.0, "scale": 2.0, "limits": (5.0, 20.0)}
    number = StandardizedOutput(kernel_initializer="ones", **settings)
    both = DeviationOutput(kernel_initializer="identity", **settings)
    np.testing.assert_array_equal(number(x[:, :1])[:, 0], [5, 10, 20])
    np.testing.assert_array_equal(number(x[:, :1], training=True)[:, 0], [-8, 10, 28])
    # The deviation has the unit of the labels, and no limits.
    np.testing.assert_array_equal(both(x), [[5, 1], [10, 2], [20, 14]])
    copy = DeviationOutput.from_config(both.get_config())
    copy.build((None, 2))
    np.testing.assert_array_equal(copy(x), both(x))
