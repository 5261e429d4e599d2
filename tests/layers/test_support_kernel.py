"""Scores by kernels at support rows: against numpy, and saved."""

import keras
import numpy as np
import pytest

from keras_mtl.kernels import KernelFunction
from keras_mtl.layers import SupportKernel


def make_layer(kind):
    generator = np.random.default_rng(0)
    layer = SupportKernel(5, outputs=2, kernel=kind)
    layer.build((None, 3))
    for weight in layer.weights:
        weight.assign(generator.uniform(0.5, 2.0, weight.shape))
    return layer


@pytest.mark.parametrize("kind", ["linear", "rbf"])
def test_scores_are_sums_of_the_kernel(kind):
    layer = make_layer(kind)
    means, scales, support, coefficients = (each.numpy() for each in layer.weights)
    rows = np.random.default_rng(1).normal(size=(4, 3))
    values = KernelFunction(kind)((rows - means) / scales, support)
    np.testing.assert_allclose(layer(rows), values @ coefficients, rtol=1e-6)
    assert layer.trainable_weights == []


def test_a_saved_layer_answers_the_same(tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, make_layer("rbf")(inputs))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    rows = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    np.testing.assert_array_equal(again(rows), model(rows))


def test_an_unknown_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel='cubic'"):
        SupportKernel(5, outputs=2, kernel="cubic")
