"""Scores and deviations of a Gaussian process: against numpy, and saved."""

import keras
import numpy as np

from keras_mtl.kernels import KernelFunction
from keras_mtl.layers import DeviationOutput, ProcessScores


def make_layer():
    generator = np.random.default_rng(0)
    layer = ProcessScores(5, numbers=[True, False], directions=4)
    layer.build((None, 3))
    for weight in layer.weights:
        weight.assign(generator.uniform(0.5, 2.0, weight.shape))
    layer.factors.assign(0.2 * generator.normal(size=(2, 5, 4)))
    return layer


def test_scores_and_deviations_are_those_of_the_formula():
    layer = make_layer()
    rows = np.random.default_rng(1).normal(size=(4, 3))
    standard = (rows - layer.means.numpy()) / layer.scales.numpy()
    values = KernelFunction("rbf")(standard, layer.support.numpy())
    means = values @ layer.coefficients.numpy() + layer.intercepts.numpy()
    factors = np.einsum("nm,kmr->nkr", values, layer.factors.numpy())
    explained = (factors**2).sum(axis=2)
    spread = layer.variances.numpy() - explained
    assert spread.min() > 0
    averaged = means[:, 1] / np.sqrt(1 + np.pi * spread[:, 1] / 8)
    found = np.asarray(layer(rows))
    np.testing.assert_allclose(found[:, 0], means[:, 0], rtol=1e-6)
    np.testing.assert_allclose(found[:, 1], averaged, rtol=1e-6)
    deviations = np.sqrt(spread + layer.noise.numpy())
    np.testing.assert_allclose(found[:, 2:], deviations, rtol=1e-6)
    assert layer.trainable_weights == []


def test_a_saved_layer_answers_the_same(tmp_path):
    inputs = keras.Input((3,))
    scores = make_layer()(inputs)
    model = keras.Model(inputs, DeviationOutput(mean=5.0, scale=2.0)(scores))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    rows = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    np.testing.assert_array_equal(again(rows), model(rows))
