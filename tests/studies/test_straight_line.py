"""Without activations, any weights collapse to one straight line."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_mtl.architectures.regressors import build_regressor
from studies import collapse_to_line

MODEL = build_regressor(widths=(3, 5, 2), leaky_relu=False)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_line_gives_the_answers_of_any_weights(seed):
    generator = np.random.default_rng(seed)
    for layer in MODEL.layers:
        weights = [generator.normal(size=w.shape) for w in layer.get_weights()]
        if isinstance(layer, keras.layers.BatchNormalization):
            # A running variance is positive.
            weights[3] = weights[3] ** 2 + 0.1
        layer.set_weights(weights)
    kernel, bias = collapse_to_line(MODEL)
    x = generator.normal(size=(20, 1))
    line = x @ kernel + bias
    scale = 1 + np.abs(line).max()
    assert np.asarray(MODEL(x)) / scale == pytest.approx(line / scale, abs=1e-3)


def test_takes_several_inputs_and_linear_layers():
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, use_bias=False),
            keras.layers.Activation("linear"),
            keras.layers.Dense(2, "linear"),
        ]
    )
    kernel, bias = collapse_to_line(model)
    first, last, shift = model.get_weights()
    assert kernel == pytest.approx(first @ last, abs=1e-6)
    assert bias == pytest.approx(shift)


@pytest.mark.parametrize("activation", ["leaky_relu", "tanh"])
def test_refuses_what_is_no_line(activation):
    with pytest.raises(ValueError, match="Received: layer 'activation_1'"):
        collapse_to_line(build_regressor(widths=(3,), activation=activation))
