"""The shared tensor is found from the graph, whatever the layers are called."""

import keras
import numpy as np
import pytest

import keras_mtl as km
from keras_mtl.serving.shared_representation import find_core, shared_representation

TASKS = (km.BinaryTask("heart", widths=(4,)), km.RegressionTask("age"))
FEATURES = (km.NumericFeature("x", missing_share=0.0),)


def test_hard_sharing_gives_the_trunks_output():
    model = km.build_hard_sharing(3, TASKS, trunk=(8, 5), dropout=0.5, batch_norm=True)
    shared = shared_representation(model)
    assert shared.source == "trunk"
    x = np.ones((2, 3), "float32")
    last = keras.Model(model.input, model.get_layer("trunk_2_dropout").output)
    np.testing.assert_array_equal(shared.model(x), last(x))


def test_a_trunk_of_the_users_own_is_found():
    trunk = keras.Sequential([keras.layers.Dense(7), keras.layers.ReLU()])
    model = km.build_hard_sharing(3, TASKS, trunk=trunk)
    assert shared_representation(model).model.output_shape == (None, 7)


def test_raw_features_go_through_the_encoder():
    model = km.build_hard_sharing(FEATURES, TASKS, trunk=(6,))
    shared = shared_representation(model)
    assert shared.source == "trunk"
    assert shared.model({"x": np.array([1.0], "float32")}).shape == (1, 6)
    assert find_core(model)[0].input_shape == (None, 1)


def test_an_ensemble_gives_its_members_trunks_side_by_side():
    members = [km.build_hard_sharing(1, TASKS, trunk=(6,)) for _ in range(3)]
    encoder = km.build_encoder(FEATURES)
    model = km.join_encoder(encoder, km.average_members(members), FEATURES)
    shared = shared_representation(model)
    assert shared.source == "trunks"
    x = {"x": np.array([1.0, 2.0], "float32")}
    encoded = encoder(x)
    expected = [shared_representation(member).model(encoded) for member in members]
    np.testing.assert_allclose(shared.model(x), np.concatenate(expected, axis=1))


@pytest.fixture
def separate():
    """Towers that share nothing but the input."""
    inputs = keras.Input((1,))
    towers = [keras.layers.Dense(4, activation="relu")(inputs) for _ in TASKS]
    mixed = keras.layers.Add()(towers)
    outputs = {
        task.name: task.output_layer()(keras.layers.Concatenate()([tower, mixed]))
        for task, tower in zip(TASKS, towers, strict=True)
    }
    return km.MultiTaskModel(inputs, outputs, tasks=TASKS)


def test_without_one_shared_tensor_it_is_the_encoded_matrix(separate):
    assert shared_representation(separate) is None
    model = km.join_encoder(km.build_encoder(FEATURES), separate, FEATURES)
    shared = shared_representation(model)
    assert shared.source == "inputs"
    assert shared.model.output_shape == (None, 1)
