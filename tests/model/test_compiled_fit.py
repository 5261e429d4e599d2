"""Rows in memory and rows of a dataset, which Keras trains on, end the same."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from keras_mtl import weighting
from keras_mtl.engine import xla_choice
from keras_mtl.model import model_training

# Of 96 rows the last batch has fewer.
BATCH = 20

METHODS = ["sum", "uncertainty", "dwa", "famo", "pcgrad", "graddrop"]
ARCHITECTURES = {
    "plain": {},
    "batch_norm": {"batch_norm": True},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1},
}


@pytest.fixture
def sample_weight():
    return np.linspace(0.0, 2.0, 96).astype("float32")


def _dataset(inputs, labels, sample_weight=None):
    rows = (
        (inputs, labels) if sample_weight is None else (inputs, labels, sample_weight)
    )
    return tf.data.Dataset.from_tensor_slices(rows).batch(BATCH)


def _both(
    make_model,
    data,
    settings=None,
    sample_weight=None,
    fit=None,
    compile=None,
    jit_compile="auto",
):
    """Returns a model that Keras trained, and one trained in compiled epochs."""
    pair = []
    for in_memory in (False, True):
        model = make_model(**(settings or {}))
        in_xla = jit_compile if in_memory else False
        model.compile(
            keras.optimizers.Adam(0.01), jit_compile=in_xla, **(compile or {})
        )
        given = {"epochs": 3, "verbose": 0, "shuffle": False, **(fit or {})}
        if in_memory:
            model.fit(*data, batch_size=BATCH, sample_weight=sample_weight, **given)
        else:
            model.fit(_dataset(*data, sample_weight), **given)
        pair.append(model)
    return pair


def _assert_same(one, other, tolerance=1e-5):
    for left, right in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(left, right, atol=tolerance, err_msg=left.path)
    assert set(one.history.history) == set(other.history.history)
    for name, values in one.history.history.items():
        np.testing.assert_allclose(
            values, other.history.history[name], atol=1e-4, err_msg=name
        )


@pytest.mark.parametrize("settings", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_the_weights_and_history_are_those_of_keras_fit(make_model, data, settings):
    fit = {"validation_data": data}
    _assert_same(*_both(make_model, data, settings, fit=fit))


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_xla_gives_the_weights_and_history_of_keras_fit(make_model, data, name):
    settings = ARCHITECTURES[name]
    _assert_same(*_both(make_model, data, settings, jit_compile=True))


@pytest.mark.parametrize("method", METHODS)
def test_each_kind_of_weighting_goes_on_as_in_keras_fit(make_model, data, method):
    one, other = _both(make_model, data, compile={"weighting": weighting.get(method)})
    _assert_same(one, other)
    for name, variable in one.weighting_state.items():
        np.testing.assert_allclose(variable, other.weighting_state[name], atol=1e-4)


def test_sample_and_class_weights_count_in_both(make_model, data, sample_weight):
    fit = {"class_weight": {"kind": {"b": 4.0, 2: 0.5}, "sick": {1: 3.0}}}
    one, other = _both(make_model, data, sample_weight=sample_weight, fit=fit)
    _assert_same(one, other)
    plain = _both(make_model, data, sample_weight=sample_weight)[1]
    assert one.history.history["kind_loss"] != plain.history.history["kind_loss"]


def test_class_weights_are_sample_weights_of_a_class(make_model, data):
    inputs, labels = data
    weights = np.where(labels["sick"] == 1, 3.0, 1.0).astype("float32")
    pair = []
    for given in (
        {"class_weight": {"sick": {"yes": 3.0}}},
        {"sample_weight": {"sick": weights}},
    ):
        model = make_model()
        model.compile(keras.optimizers.Adam(0.01))
        model.fit(inputs, labels, epochs=2, verbose=0, shuffle=False, **given)
        pair.append(model)
    _assert_same(*pair)


def test_class_weights_of_one_fit_are_gone_in_the_next(make_model, data):
    pair = []
    for first in (None, {"sick": {1: 50.0}}):
        model = make_model()
        model.compile(keras.optimizers.SGD(0.0))
        settings = {"epochs": 1, "verbose": 0, "shuffle": False}
        model.fit(*data, class_weight=first, **settings)
        pair.append(model.fit(*data, **settings).history["sick_loss"])
    np.testing.assert_allclose(*pair)


@pytest.mark.parametrize(
    ("class_weight", "words"),
    [
        ({"sickk": {0: 1.0}}, "Did you mean 'sick'"),
        ({"sick": {"maybe": 1.0}}, "no, yes"),
        ({"kind": {3: 1.0}}, "a, b, c"),
        ({"age": {0: 1.0}}, "sample weights"),
        ({"sick": {0: -1.0}}, "0 or more"),
    ],
)
def test_class_weights_of_no_class_are_refused(make_model, data, class_weight, words):
    model = make_model()
    model.compile()
    with pytest.raises(ValueError, match=words):
        model.fit(*data, class_weight=class_weight, verbose=0)


def test_a_callback_of_batches_is_called_at_each_and_changes_nothing(make_model, data):
    class Batches(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append((batch, sorted(logs)))

    seen, models = [], []
    for callbacks in ([], [Batches()]):
        model = make_model()
        model.compile(keras.optimizers.Adam(0.01))
        model.fit(
            *data, batch_size=BATCH, epochs=2, verbose=0, shuffle=False,
            callbacks=callbacks,
        )  # fmt: skip
        models.append(model)
        seen = callbacks
    _assert_same(*models)
    assert [batch for batch, _ in seen[0].seen] == [0, 1, 2, 3, 4] * 2
    assert "kind_loss" in seen[0].seen[0][1]


def test_callbacks_stop_and_restore_as_in_keras(make_model, data):
    def callbacks():
        return [
            keras.callbacks.EarlyStopping(
                "val_loss", mode="min", patience=1, restore_best_weights=True
            ),
            keras.callbacks.ReduceLROnPlateau("val_loss", mode="min", patience=1),
        ]

    pair = []
    for in_memory in (False, True):
        model = make_model()
        model.compile(keras.optimizers.Adam(0.3))
        settings = {
            "epochs": 30,
            "verbose": 0,
            "validation_data": data,
            "validation_freq": 2,
            "callbacks": callbacks(),
        }
        if in_memory:
            model.fit(*data, batch_size=BATCH, shuffle=False, **settings)
        else:
            model.fit(_dataset(*data), **settings)
        pair.append(model)
    _assert_same(*pair, tolerance=1e-3)
    assert len(pair[0].history.history["val_loss"]) < 15


def test_the_order_of_batches_is_that_of_the_global_seed(make_model, data):
    losses = []
    for seed in (1, 1, 2):
        model = make_model()
        model.compile(keras.optimizers.Adam(0.01))
        keras.utils.set_random_seed(seed)
        losses.append(model.fit(*data, epochs=2, verbose=0).history["loss"])
    assert losses[0] == losses[1] != losses[2]


def test_eager_runs_end_the_same(make_model, data):
    pair = []
    for eager in (False, True):
        model = make_model()
        model.compile(keras.optimizers.Adam(0.01), run_eagerly=eager)
        keras.utils.set_random_seed(3)
        model.fit(*data, batch_size=48, epochs=1, verbose=0, validation_data=data)
        pair.append(model)
    _assert_same(*pair)


def test_a_share_of_the_rows_validates(make_model, data):
    inputs, labels = data
    model = make_model()
    model.compile(keras.optimizers.SGD(0.0))
    history = model.fit(inputs, labels, verbose=0, validation_split=0.25).history
    last = {name: values[72:] for name, values in labels.items()}
    metrics = model.evaluate(inputs[72:], last, verbose=0, return_dict=True)
    for name, value in metrics.items():
        np.testing.assert_allclose(history[f"val_{name}"][0], value, atol=1e-5)


def test_frames_lists_and_float64_are_taken(make_model, data):
    inputs, labels = data
    model = make_model()
    model.compile(keras.optimizers.SGD(0.0))
    frame = pd.DataFrame(inputs.astype("float64"))
    as_list = [pd.Series(labels[task.name]) for task in model.tasks]
    settings = {"verbose": 0, "shuffle": False}
    one = model.fit(inputs, labels, **settings).history
    other = model.fit(frame, as_list, **settings).history
    for name, values in one.items():
        np.testing.assert_allclose(values, other[name], rtol=1e-6)


def test_different_numbers_of_rows_are_refused(make_model, data):
    inputs, labels = data
    model = make_model()
    model.compile()
    with pytest.raises(ValueError, match="95, 96 rows"):
        model.fit(inputs[:95], labels, verbose=0)


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_xla_compiles_fits_that_are_worth_it(make_model, data, monkeypatch, dropout):
    monkeypatch.setattr(xla_choice, "COMPILE_SECONDS", 10 * 2.25e-4)
    model = make_model(dropout=dropout)
    model.compile()
    for compiled in (False, True):
        model.fit(*data, batch_size=BATCH, epochs=1, verbose=0)
        training = model._compiled()
        assert training.program().settings.jit_compile == compiled
        # As many steps again are to come, and these are worth it.
        training.planned_steps += 6


def test_an_evaluation_of_many_rows_goes_in_parts(make_model, data, monkeypatch):
    monkeypatch.setattr(model_training, "NUMBERS_AT_ONCE", 35)
    one, other = _both(make_model, data, fit={"validation_data": data})
    _assert_same(one, other)
