"""Deviations of linear models with uncertain weights: against numpy, and saved."""

import keras
import numpy as np

from keras_mtl.layers import WeightDeviations


def make_layer():
    generator = np.random.default_rng(0)
    layer = WeightDeviations(2)
    layer.build((None, 3))
    for weight in layer.weights:
        weight.assign(generator.uniform(0.5, 2.0, weight.shape))
    return layer


def test_deviations_are_those_of_the_formula():
    layer = make_layer()
    rows = np.random.default_rng(1).normal(size=(5, 3))
    standard = (rows - layer.means.numpy()) / layer.scales.numpy()
    design = np.column_stack([standard, np.ones(5)])
    factors = layer.factors.numpy()
    covariance = factors @ factors.transpose(0, 2, 1)
    variances = np.einsum("ni,kij,nj->nk", design, covariance, design)
    expected = np.sqrt(variances + layer.noise.numpy())
    np.testing.assert_allclose(layer(rows), expected, rtol=1e-5)
    assert layer.trainable_weights == []


def test_a_saved_layer_answers_the_same(tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, make_layer()(inputs))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    rows = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    np.testing.assert_array_equal(again(rows), model(rows))
