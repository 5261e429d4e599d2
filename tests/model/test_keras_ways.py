"""Callbacks, kinds of data and subclasses mean what they mean in Keras."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_mtl.model import MultiTaskModel

FIT = {"batch_size": 32, "verbose": 0, "shuffle": False}


def _compiled(make_model, **settings):
    model = make_model()
    model.compile(keras.optimizers.Adam(0.01), **settings)
    return model


def test_terminate_on_nan_ends_training_without_an_error(make_model, data):
    inputs, labels = data
    labels["age"][40] = np.inf
    seen = []

    class Epochs(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(sorted(logs))

        def on_train_end(self, logs=None):
            seen.append("end")

    model = _compiled(make_model)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        callbacks = [keras.callbacks.TerminateOnNaN(), Epochs()]
        model.fit(inputs, labels, epochs=3, callbacks=callbacks, **FIT)
    # The epoch with the broken step is over, and so is training.
    assert len(seen) == 2
    assert seen[1] == "end"
    assert model.optimizer.iterations.numpy() == 2


def test_tensorboard_by_epochs_is_served_by_whole_epochs(make_model, data, tmp_path):
    board = keras.callbacks.TensorBoard(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        _compiled(make_model).fit(
            *data, epochs=2, validation_data=data, callbacks=[board], **FIT
        )
    assert list((tmp_path / "train").iterdir())
    assert list((tmp_path / "validation").iterdir())


def test_a_callback_of_batches_is_told_once(make_model, data):
    callback = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: None
    )
    with pytest.warns(UserWarning, match="LambdaCallback is called at each") as told:
        _compiled(make_model).fit(*data, epochs=3, callbacks=[callback], **FIT)
    assert sum("batch by batch" in str(each.message) for each in told) == 1


def test_a_callback_that_begins_tests_sees_the_trained_weights(make_model, data):
    class Zero(keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            self.before = self.model.get_weights()
            self.model.set_weights([np.zeros_like(each) for each in self.before])

        def on_test_end(self, logs=None):
            self.model.set_weights(self.before)

    history = (
        _compiled(make_model)
        .fit(*data, validation_data=data, callbacks=[Zero()], **FIT)
        .history
    )
    # The answer of a net without weights is one half.
    np.testing.assert_allclose(history["val_sick_loss"], np.log(2), rtol=1e-5)


class _Sequence(keras.utils.PyDataset):
    def __init__(self, data):
        super().__init__()
        self.data = data

    def __len__(self):
        return 3

    def __getitem__(self, index):
        inputs, labels = self.data
        rows = slice(32 * index, 32 * (index + 1))
        return inputs[rows], {name: each[rows] for name, each in labels.items()}


def _generator(data):
    sequence = _Sequence(data)
    while True:
        for index in range(len(sequence)):
            yield sequence[index]


@pytest.mark.parametrize("kind", ["dataset", "sequence", "generator"])
def test_validation_data_may_be_of_any_kind(make_model, data, kind):
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(32)
    make = {
        "dataset": lambda: dataset,
        "sequence": lambda: _Sequence(data),
        "generator": lambda: _generator(data),
    }[kind]
    settings = {"epochs": 2}
    if kind == "generator":
        # Keras reads ahead: where a second evaluation begins is left to chance.
        settings = {"epochs": 1, "validation_steps": 3}
    # Rows of a dataset are trained on in Keras's own way.
    expected = _compiled(make_model).fit(
        dataset, validation_data=make(), verbose=0, **settings
    )
    given = _compiled(make_model).fit(*data, validation_data=make(), **settings, **FIT)
    assert set(given.history) == set(expected.history)
    for name, values in expected.history.items():
        np.testing.assert_allclose(given.history[name], values, atol=1e-4, err_msg=name)


def test_validation_steps_are_respected(make_model, data):
    inputs, labels = data
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(32)
    model = _compiled(make_model)
    history = model.fit(
        *data, validation_data=dataset, validation_steps=1, **FIT
    ).history
    first = {name: each[:32] for name, each in labels.items()}
    measured = model.evaluate(inputs[:32], first, verbose=0, return_dict=True)
    np.testing.assert_allclose(history["val_loss"][0], measured["loss"], rtol=1e-5)


def test_class_weights_of_one_batch_are_those_of_a_fit(make_model, data):
    weights = {"sick": {"yes": 3.0}, "kind": {0: 2.0}}
    one, other = _compiled(make_model), _compiled(make_model)
    one.fit(*data, class_weight=weights, **{**FIT, "batch_size": 96})
    other.train_on_batch(*data, class_weight=weights)
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("kind", ["memory", "dataset"])
def test_class_weights_hold_for_one_call(make_model, data, kind):
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(32)
    given = (dataset,) if kind == "dataset" else data
    settings = {"verbose": 0} if kind == "dataset" else FIT
    model = make_model()
    model.compile(keras.optimizers.SGD(0.0))
    losses = [
        model.fit(*given, class_weight=weights, **settings).history["sick_loss"][0]
        for weights in (None, {"sick": {1: 50.0}}, None)
    ]
    assert losses[1] > 2 * losses[0]
    np.testing.assert_allclose(losses[0], losses[2], rtol=1e-5)
    batch = model.train_on_batch(*data, return_dict=True)["sick_loss"]
    np.testing.assert_allclose(float(batch), losses[0], rtol=1e-5)


@keras.saving.register_keras_serializable(package="test")
class OwnLoss(MultiTaskModel):
    """Trains on a loss of its own."""

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        return 2.0 * super().compute_loss(x, y, y_pred, sample_weight, training)


@keras.saving.register_keras_serializable(package="test")
class OwnMetrics(MultiTaskModel):
    """Reports a step's data."""

    def train_step(self, data):
        logs = super().train_step(data)
        return {**logs, "rows": tf.cast(tf.shape(data[0])[0], tf.float32)}


def _as(kind, model):
    return kind(model.input, model.output, tasks=model.tasks)


@pytest.mark.parametrize("kind", ["memory", "dataset", "batch"])
def test_an_own_loss_is_trained_on_everywhere(make_model, data, kind):
    plain, own = make_model(), _as(OwnLoss, make_model())
    for model, rate in ((plain, 0.2), (own, 0.1)):
        model.compile(keras.optimizers.SGD(rate))
        if kind == "memory":
            model.fit(*data, **FIT)
        elif kind == "dataset":
            model.fit(tf.data.Dataset.from_tensor_slices(data).batch(32), verbose=0)
        else:
            model.train_on_batch(*data)
    for a, b in zip(plain.weights, own.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    one, two = (
        model.evaluate(*data, verbose=0, return_dict=True) for model in (plain, own)
    )
    np.testing.assert_allclose(two["loss"], 2 * one["loss"], rtol=1e-5)
    np.testing.assert_allclose(two["sick_loss"], one["sick_loss"], rtol=1e-5)


def test_an_own_loss_has_no_tasks_to_weigh(make_model, data):
    model = _as(OwnLoss, make_model())
    model.compile("sgd", weighting="pcgrad")
    with pytest.raises(ValueError, match="compute_loss"):
        model.fit(*data, **FIT)


def test_an_own_train_step_is_called_on_rows_in_memory(make_model, data):
    model = _as(OwnMetrics, make_model())
    model.compile(keras.optimizers.SGD(0.1))
    assert model.fit(*data, **FIT).history["rows"] == [32.0]
