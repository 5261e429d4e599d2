"""Constants take the places of columns that are not there."""

import keras
import numpy as np
import pytest

from keras_mtl.layers import FillColumns


def test_inputs_and_constants_come_to_their_positions():
    layer = FillColumns([3, 0], others=[1, 2], values=[0.5, -0.5])
    inputs = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    expected = [[2.0, 0.5, -0.5, 1.0], [4.0, 0.5, -0.5, 3.0]]
    np.testing.assert_array_equal(layer(inputs), expected)
    assert layer.compute_output_shape((None, 2)) == (None, 4)


def test_it_is_saved_in_a_model(tmp_path):
    inputs = keras.Input((1,))
    model = keras.Model(inputs, FillColumns([1], [0], [7.0])(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(np.ones((2, 1))), [[7.0, 1.0]] * 2)


def test_each_position_is_taken_once():
    with pytest.raises(ValueError, match="each position from 0 to 1 once"):
        FillColumns([0], [0], [1.0])
