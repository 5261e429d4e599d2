"""The regressors have the article's size, and any activation or none."""

import keras
import numpy as np
import pytest

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.architectures.regressors import build_regressor, regressor_trunk
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import BinaryTask, RegressionTask

X = np.linspace(-2, 2, 32, dtype="float32")[:, None]


def layers_of(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


@pytest.mark.parametrize("leaky_relu", [True, False])
def test_dense_layers_have_the_articles_parameters(leaky_relu):
    model = build_regressor(leaky_relu=leaky_relu)
    dense = layers_of(model, keras.layers.Dense)
    assert [layer.units for layer in dense] == [16, 32, 128, 32, 16, 1]
    assert sum(layer.count_params() for layer in dense) == 9473


def test_each_activation_has_a_normalization_of_its_own():
    model = build_regressor(widths=(4, 8))
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == [*["Dense", "LeakyReLU", "BatchNormalization"] * 2, "Dense"]
    assert len({id(layer) for layer in model.layers}) == len(model.layers)


def test_leaky_relu_has_the_slope_asked_for():
    model = build_regressor(widths=(4,), negative_slope=0.3)
    (layer,) = layers_of(model, keras.layers.LeakyReLU)
    assert layer.negative_slope == pytest.approx(0.3)
    assert np.asarray(layer(np.array([-2.0, 2.0]))) == pytest.approx([-0.6, 2.0])


def test_without_activation_and_normalization_only_dense_layers_are_left():
    model = build_regressor(leaky_relu=False, batch_norm=False)
    assert {type(layer) for layer in model.layers} == {keras.layers.Dense}


@pytest.mark.parametrize("activation", ["gelu", "swish", keras.activations.tanh])
def test_any_keras_activation_takes_the_place_of_the_leaky_relu(activation):
    model = build_regressor(widths=(3,), activation=activation)
    (layer,) = layers_of(model, keras.layers.Activation)
    assert layer.activation is keras.activations.get(activation)
    assert not layers_of(model, keras.layers.LeakyReLU)


def test_linear_by_name_is_no_activation():
    kinds = {type(layer) for layer in build_regressor(activation="linear").layers}
    assert kinds == {keras.layers.Dense, keras.layers.BatchNormalization}


@pytest.mark.parametrize("slope", [float("nan"), float("inf")])
def test_refuses_a_slope_that_is_not_finite(slope):
    with pytest.raises(ValueError, match=r"`negative_slope`\. Expected a finite"):
        build_regressor(negative_slope=slope)


def test_refuses_an_unknown_activation_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'gelu'"):
        build_regressor(activation="gellu")
    with pytest.raises(ValueError, match="activation=3"):
        build_regressor(activation=3)


@pytest.mark.parametrize("widths", [(), (0,), (4, -1), (2.5,)])
def test_refuses_widths_that_make_no_layer(widths):
    with pytest.raises(ValueError, match="`widths`"):
        build_regressor(widths=widths)


def test_trains_saves_and_exports(tmp_path):
    model = build_regressor(widths=(8, 8), activation="silu")
    model.compile("adam", "mse")
    history = model.fit(X, X**2, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    expected = model.predict(X, verbose=0)
    model.save(tmp_path / "regressor.keras")
    loaded = keras.models.load_model(tmp_path / "regressor.keras")
    assert loaded.predict(X, verbose=0) == pytest.approx(expected)
    model.export(tmp_path / "served", verbose=False)
    import tensorflow as tf

    served = tf.saved_model.load(str(tmp_path / "served"))
    assert served.serve(X).numpy() == pytest.approx(expected, abs=1e-5)


def test_is_a_trunk_and_a_head(tmp_path):
    tasks = [RegressionTask("y"), BinaryTask("up")]
    as_trunk = build_hard_sharing(1, tasks, trunk=regressor_trunk((4,)))
    inputs = keras.Input((1,))
    shared = keras.layers.Dense(6)(inputs)
    heads = {
        "y": build_regressor((4,), features=6, name="y")(shared),
        "up": tasks[1].output_layer()(shared),
    }
    as_head = MultiTaskModel(inputs, heads, tasks=tasks)
    labels = {"y": X[:, 0] ** 2, "up": (X[:, 0] > 0).astype("float32")}
    for model in (as_trunk, as_head):
        model.compile("adam")
        model.fit(X, labels, verbose=0)
        expected = model.predict(X, verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        answers = loaded.predict(X, verbose=0)
        for name in ("y", "up"):
            assert answers[name] == pytest.approx(expected[name])
