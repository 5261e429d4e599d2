"""The activations that a study may compare."""

import keras
import numpy as np
import pytest

from keras_mtl.architectures.regressors import build_regressor
from studies.settings import COMPARED, KNOWN


def test_all_known_activations_are_keras_own():
    others = {"deserialize", "get", "serialize", "hard_swish", "swish", "linear"}
    # Not elementwise, or not without an argument.
    others |= {"glu", "log_softmax", "softmax", "sparsemax", "threshold"}
    keras_names = {name for name in dir(keras.activations) if name[0].islower()}
    assert set(KNOWN) - {"none"} == keras_names - others
    assert set(COMPARED) <= set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_a_regressor_takes_each_known_activation(name):
    regressor = build_regressor((4, 5), leaky_relu=False, activation=name)
    predictions = np.asarray(regressor(np.linspace(-2, 2, 16)[:, None]))
    assert predictions.shape == (16, 1)
    assert np.isfinite(predictions).all()
