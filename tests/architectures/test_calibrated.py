"""A calibrated model is the model with a temperature, whichever way it is run."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_mtl as km
from keras_mtl.evaluation import apply_temperature
from keras_mtl.serving.network import build_network, find_ensemble, prediction_function
from keras_mtl.serving.shared_representation import shared_representation

TASKS = (
    km.MulticlassTask("thal", classes=("a", "b", "c"), widths=(4,)),
    km.BinaryTask("heart"),
    km.RegressionTask("age", mean=50.0, scale=10.0),
    km.MultilabelTask("findings", labels=("f", "g")),
)
TEMPERATURES = {"thal": 1.7, "heart": 0.6, "findings": 2.0}
FEATURES = tuple(km.NumericFeature(name, missing_share=0.0) for name in "pqr")
INPUTS = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")


def build(members):
    keras.utils.set_random_seed(0)
    models = [
        km.build_hard_sharing(3, TASKS, trunk=(8,), dropout=0.2) for _ in range(members)
    ]
    return km.average_members(models)


@pytest.fixture(params=[1, 3])
def model(request):
    return build(request.param)


def expected(outputs):
    return {
        name: apply_temperature(values, TEMPERATURES[name], exclusive=name == "thal")
        if name in TEMPERATURES
        else values
        for name, values in outputs.items()
    }


def require_equal(outputs, others, rtol=1e-5):
    assert list(outputs) == list(others) == [task.name for task in TASKS]
    for name, values in outputs.items():
        np.testing.assert_allclose(values, others[name], rtol=rtol, atol=1e-6)


def test_outputs_are_at_the_temperature(model):
    calibrated = km.calibrate_model(model, TEMPERATURES)
    require_equal(calibrated(INPUTS), expected(model(INPUTS)))
    assert calibrated.name == model.name
    # Nothing is copied: the weights are those of the model.
    assert {id(each) for each in calibrated.variables} == {
        id(each) for each in model.variables
    }


def test_without_a_temperature_it_is_the_model_itself(model):
    assert km.calibrate_model(model, {}) is model


def test_other_tasks_make_another_model_with_the_same_outputs(model):
    tasks = (TASKS[0], TASKS[1].replace(threshold=0.3), *TASKS[2:])
    other = km.calibrate_model(model, {}, tasks)
    assert other.tasks == tasks
    assert model.tasks == TASKS
    require_equal(other(INPUTS), model(INPUTS))


def test_it_is_saved_and_loaded(model, tmp_path):
    calibrated = km.calibrate_model(model, TEMPERATURES)
    calibrated.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    require_equal(loaded(INPUTS), calibrated(INPUTS), rtol=0)


def test_members_side_by_side_are_calibrated_too(model):
    calibrated = km.calibrate_model(model, TEMPERATURES)
    function = tf.function(prediction_function(calibrated))
    require_equal(
        {task.name: function(INPUTS)[task.name] for task in TASKS}, calibrated(INPUTS)
    )


def test_the_members_are_found_behind_the_temperatures():
    found = find_ensemble(km.calibrate_model(build(3), TEMPERATURES))
    assert [member.name for member in found.members] == [
        f"member_{index}" for index in range(3)
    ]
    assert {name: layer.temperature for name, layer in found.calibration.items()} == (
        TEMPERATURES
    )
    assert find_ensemble(km.calibrate_model(build(1), TEMPERATURES)) is None


def test_raw_features_and_what_is_shared_stay_as_they_were(model):
    calibrated = km.calibrate_model(model, TEMPERATURES)
    before = km.join_encoder(km.build_encoder(FEATURES), model, FEATURES)
    joined = km.join_encoder(km.build_encoder(FEATURES), calibrated, FEATURES)
    rows = {each.name: INPUTS[:, index] for index, each in enumerate(FEATURES)}
    network = build_network(joined)
    answers = network.predict({key: tf.constant(value) for key, value in rows.items()})
    require_equal(
        {task.name: answers[task.name] for task in TASKS}, expected(before(rows))
    )
    shared, as_before = shared_representation(joined), shared_representation(before)
    assert shared.source == as_before.source
    np.testing.assert_allclose(shared.model(rows), as_before.model(rows), rtol=1e-5)


def test_other_runtimes_need_only_common_operations(model):
    calibrated = km.calibrate_model(model, TEMPERATURES)
    converter = tf.lite.TFLiteConverter.from_keras_model(calibrated)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    assert converter.convert()


def test_a_calibrated_model_can_be_trained_on(model):
    calibrated = km.calibrate_model(model, TEMPERATURES)
    calibrated.compile(keras.optimizers.Adam(0.02))
    labels = {
        "thal": np.arange(40.0) % 3,
        "heart": np.arange(40.0) % 2,
        "age": np.linspace(30, 70, 40),
        "findings": np.ones((40, 2)),
    }
    history = calibrated.fit(INPUTS, labels, epochs=20, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_temperatures_of_what_are_no_probabilities_are_refused(model):
    with pytest.raises(ValueError, match="probabilities: thal, heart, findings"):
        km.calibrate_model(model, {"age": 2.0})
    with pytest.raises(ValueError, match="Received: 'hart'"):
        km.calibrate_model(model, {"hart": 2.0})
