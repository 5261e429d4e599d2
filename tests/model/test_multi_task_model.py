import keras
import numpy as np
import pytest

from keras_mtl import weighting
from keras_mtl.engine.rows import batch_order
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import BinaryTask
from keras_mtl.training import TrainingSettings, fit_members

STATEFUL = ["pcgrad", "dwa", "famo", "uncertainty", "gradnorm", "moco", "rlw"]


def _weights(model):
    return [value.numpy() for value in model.weights]


def _fit(model, data, epochs=2, **settings):
    return model.fit(
        *data, epochs=epochs, batch_size=16, shuffle=False, verbose=0, **settings
    )


@pytest.mark.parametrize("name", STATEFUL)
def test_saved_in_mid_training_it_goes_on_identically(make_model, data, tmp_path, name):
    model = make_model()
    model.compile(keras.optimizers.Adam(0.01), weighting=weighting.get(name))
    _fit(model, data)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded, MultiTaskModel)
    assert loaded.tasks == model.tasks
    assert type(loaded.weighting) is type(model.weighting)
    for key, variable in model.weighting_state.items():
        np.testing.assert_array_equal(variable, loaded.weighting_state[key])
    _fit(model, data)
    _fit(loaded, data)
    for one, other in zip(_weights(model), _weights(loaded), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_fit_ends_where_a_member_with_the_same_batches_ends(make_model, data):
    inputs, labels = data
    settings = TrainingSettings(epochs=3, batch_size=16, learning_rate=0.01)
    member = fit_members(make_model(), *data, settings, seed=5).members[0]
    # The member again, from its initial weights and in its order of batches.
    again = fit_members(
        make_model(), *data, settings.replace(epochs=1, learning_rate=1e-30), seed=5
    ).members[0]
    again.compile(keras.optimizers.Adam(0.01))
    generator = [np.random.default_rng((5, 0))]
    for _ in range(3):
        rows = batch_order([np.arange(len(inputs))], 16, generator)[0].ravel()
        _fit(again, (inputs[rows], {n: v[rows] for n, v in labels.items()}), epochs=1)
    for one, other in zip(_weights(member), _weights(again), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_history_has_keras_names(make_model, data):
    model = make_model()
    model.compile(weighting="sum")
    history = _fit(model, data, validation_data=data).history
    losses = {"loss", "kind_loss", "sick_loss", "age_loss"}
    metrics = {"kind_accuracy", "kind_auc", "sick_accuracy", "sick_auc"}
    metrics |= {"age_mae", "age_mse"}
    names = losses | metrics
    assert set(history) == names | {f"val_{name}" for name in names}
    assert np.isfinite(list(history.values())).all()
    model.compile(run_eagerly=True)
    assert set(model.evaluate(*data, verbose=0, return_dict=True)) == names


def test_evaluate_is_the_mean_over_rows_with_a_label(make_model, data):
    inputs, labels = data
    model = make_model()
    model.compile()
    metrics = model.evaluate(*data, batch_size=20, verbose=0, return_dict=True)
    known = ~np.isnan(labels["kind"])
    probability = model(inputs)["kind"].numpy()[known]
    chosen = probability[np.arange(known.sum()), labels["kind"][known].astype(int)]
    np.testing.assert_allclose(metrics["kind_loss"], -np.log(chosen).mean(), rtol=1e-5)


def test_index_minus_one_is_missing_like_nan(make_model, data):
    inputs, labels = data
    index = {**labels, "kind": np.where(np.isnan(labels["kind"]), -1, labels["kind"])}
    index["kind"] = index["kind"].astype("int32")
    models = []
    for given in (labels, index):
        model = make_model()
        model.compile(keras.optimizers.Adam(0.01))
        _fit(model, (inputs, given))
        models.append(_weights(model))
    for one, other in zip(*models, strict=True):
        np.testing.assert_array_equal(one, other)


def test_losses_and_weights_can_be_overridden(make_model, data):
    inputs, labels = data
    model = make_model()
    model.compile(
        loss={"sick": "hinge", "age": keras.losses.MeanAbsoluteError()},
        loss_weights={"kind": 0.0, "sick": 2.0, "age": 0.5},
    )
    metrics = model.evaluate(*data, batch_size=96, verbose=0, return_dict=True)
    age = model(inputs)["age"].numpy()[:, 0]
    np.testing.assert_allclose(
        metrics["age_loss"], np.abs(age - labels["age"]).mean(), rtol=1e-5
    )
    total = 2 * metrics["sick_loss"] + 0.5 * metrics["age_loss"]
    np.testing.assert_allclose(metrics["loss"], total, rtol=1e-5)


def test_sample_weights_of_zero_leave_rows_out(make_model, data):
    inputs, labels = data
    weights = (np.arange(96) < 48).astype("float32")
    model = make_model()
    model.compile()
    all_rows = model.evaluate(
        *data, sample_weight=weights, batch_size=96, verbose=0, return_dict=True
    )
    half = model.evaluate(
        inputs[:48],
        {name: values[:48] for name, values in labels.items()},
        batch_size=48,
        verbose=0,
        return_dict=True,
    )
    # As in Keras, the mean is over the rows, whatever their weights.
    np.testing.assert_allclose(2 * all_rows["sick_loss"], half["sick_loss"], rtol=1e-5)


def test_a_broken_loss_is_told_by_task_and_step(make_model, data):
    labels = data[1]
    labels["age"][40] = np.inf
    model = make_model()
    model.compile()
    with pytest.raises(FloatingPointError, match=r"age_loss.*epoch 1, step 3"):
        _fit(model, data)


def test_all_weightings_lower_the_losses_in_float16(make_model, data):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = make_model()
        model.compile(keras.optimizers.Adam(0.01), weighting="upgrad")
        history = _fit(model, data, epochs=12).history
    finally:
        keras.config.set_dtype_policy(policy)
    for name in ("kind_loss", "sick_loss", "age_loss"):
        assert history[name][-1] < history[name][0]
    assert model.output["sick"].dtype == "float32"


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in weighting.names() if n != "constant"])
def test_a_fit_with_each_weighting_lowers_each_loss(make_model, data, name):
    model = make_model()
    model.compile(keras.optimizers.Adam(0.01), weighting=weighting.get(name))
    history = _fit(model, data, epochs=15).history
    for loss in ("kind_loss", "sick_loss", "age_loss"):
        assert history[loss][-1] < history[loss][0]


def test_an_unknown_weighting_is_refused_with_the_nearest_name(make_model):
    with pytest.raises(ValueError, match="Did you mean 'pcgrad'"):
        make_model().compile(weighting="pcgard")


def test_outputs_must_be_named_like_the_tasks():
    inputs = keras.Input(shape=(2,))
    outputs = {"other": keras.layers.Dense(1)(inputs)}
    with pytest.raises(ValueError, match="one output per task"):
        MultiTaskModel(inputs, outputs, tasks=[BinaryTask("heart")])
