import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_mtl.analysis import GradientConflict, conflict_columns
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_batch
from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.rows import batch_order
from keras_mtl.tasks import BinaryTask
from keras_mtl.training import TrainingSettings, fit_members, members
from keras_mtl.weighting import get

ROWS = 32


def _model():
    keras.utils.set_random_seed(0)
    return build_hard_sharing(3, [BinaryTask("one"), BinaryTask("other")], trunk=(4,))


@pytest.fixture
def data():
    x = np.random.default_rng(0).normal(size=(ROWS, 3)).astype("float32")
    one = (x[:, 0] > 0).astype("float32")
    return x, {"one": one, "other": 1 - one}


def _gradients(model, data):
    x, y = data
    rows = []
    kernels = [value.value for value in model.get_layer("trunk_1").trainable_variables]
    for task in model.tasks:
        with tf.GradientTape() as tape:
            loss = task.loss()(y[task.name], model(x)[task.name])
        gradients = tape.gradient(loss, kernels)
        rows.append(np.concatenate([np.ravel(gradient) for gradient in gradients]))
    return np.stack(rows)


@pytest.mark.parametrize("weighting", ["sum", "upgrad"])
def test_it_records_the_gradients_of_the_step(data, weighting):
    model = _model()
    # Heads alike and labels opposite: the tasks conflict by construction.
    model.get_layer("other").set_weights(model.get_layer("one").get_weights())
    rows = _gradients(model, data)
    norms = np.linalg.norm(rows, axis=1)
    watch = GradientConflict()
    model.compile(keras.optimizers.SGD(1e-9), weighting=weighting)
    history = model.fit(
        *data, batch_size=ROWS, epochs=2, verbose=0, callbacks=[watch]
    ).history
    np.testing.assert_allclose(
        history["one_other_cosine"], rows[0] @ rows[1] / norms.prod(), atol=1e-4
    )
    np.testing.assert_allclose(history["one_gradient_norm"], norms[0], rtol=1e-4)
    assert history["one_other_conflict"] == [1.0, 1.0]
    assert history["conflict"] == [1.0, 1.0]
    if weighting == "sum":
        assert history["one_weight"] == [1.0, 1.0]
    assert watch.table["epoch"].tolist() == [1, 2]


def test_a_fit_that_was_not_watched_can_be_watched_when_it_goes_on(data):
    model = _model()
    model.compile(keras.optimizers.SGD(1e-9))
    model.fit(*data, batch_size=ROWS, verbose=0)
    history = model.fit(
        *data, batch_size=ROWS, verbose=0, callbacks=[GradientConflict()]
    ).history
    assert np.isfinite(history["one_other_cosine"]).all()
    assert "one_other_cosine" not in model.fit(*data, verbose=0).history


def test_a_task_without_labels_has_no_cosine(data):
    x, y = data
    y["other"] = np.full(ROWS, np.nan, "float32")
    model = _model()
    model.compile("sgd")
    history = model.fit(x, y, verbose=0, callbacks=[GradientConflict()]).history
    assert np.isnan(history["one_other_cosine"]).all()
    assert history["conflict"] == [0.0]
    assert history["one_gradient_norm"][0] > 0


def test_it_sees_every_step_of_a_call(data):
    histories = []
    for steps in (1, 4):
        model = _model()
        model.compile(keras.optimizers.SGD(0.1), steps_per_execution=steps)
        watch = GradientConflict()
        settings = {"batch_size": 8, "shuffle": False, "epochs": 2, "verbose": 0}
        model.fit(*data, callbacks=[watch], **settings)
        histories.append(watch.table)
    one, other = histories
    np.testing.assert_allclose(one.to_numpy(), other.to_numpy(), rtol=1e-4)
    assert one["one_other_cosine"].nunique() == 2


@pytest.mark.parametrize(
    "weighting", ["sum", "upgrad", pytest.param("modo", marks=pytest.mark.slow)]
)
def test_members_tell_what_the_callback_tells(data, weighting):
    settings = TrainingSettings(
        members=2, epochs=2, batch_size=8, learning_rate=1e-3, weighting=weighting
    )
    fit = fit_members(_model(), *data, settings, watch_conflict=True, seed=2)
    columns = conflict_columns(["one", "other"])
    assert list(fit.history)[-len(columns) :] == columns
    told = {name: fit.history[name] for name in columns}
    assert all(values.shape == (2, 2) for values in told.values())
    assert np.abs(told["one_other_cosine"]).max() <= 1
    # The member again, from its initial weights and in its order of batches.
    still = settings.replace(members=1, epochs=1, learning_rate=1e-30)
    again = fit_members(_model(), *data, still, seed=2).members[0]
    again.compile(keras.optimizers.Adam(1e-3), weighting=weighting)
    generator = [np.random.default_rng((2, 0))]
    x, y = data
    for epoch in range(2):
        rows = batch_order([np.arange(ROWS)], 8, generator)[0].ravel()
        watch = GradientConflict()
        again.fit(
            x[rows],
            {name: values[rows] for name, values in y.items()},
            batch_size=8,
            shuffle=False,
            verbose=0,
            callbacks=[watch],
        )
        for name in columns:
            np.testing.assert_allclose(
                told[name][epoch, 0], watch.table[name][0], rtol=2e-3, atol=1e-5
            )


def test_members_without_labels_of_a_task_have_no_cosine(data):
    x, y = data
    y["other"] = np.full(ROWS, np.nan, "float32")
    told = []
    fit = fit_members(
        _model(),
        x,
        y,
        TrainingSettings(epochs=1, watch_conflict=True),
        on_epoch=lambda epoch, means: told.append(means),
    )
    assert np.isnan(fit.history["one_other_cosine"]).all()
    assert np.isnan(told[0]["one_other_cosine"])
    assert fit.history["conflict"].tolist() == [[0.0]]
    assert fit.history["one_gradient_norm"][0, 0] > 0


def test_members_compute_nothing_that_is_not_watched(data, monkeypatch):
    steps = []

    class Recorded(BatchStep):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            steps.append(self)

    monkeypatch.setattr(members, "BatchStep", Recorded)
    for watch in (False, True):
        settings = TrainingSettings(epochs=1, watch_conflict=watch)
        fit = fit_members(_model(), *data, settings)
        assert steps[-1].watch_gramian == watch
        assert ("one_other_cosine" in fit.history) == watch


def _operations(model, data, watch):
    step = BatchStep(model, get("sum"), watch_gramian=watch)

    @tf.function
    def run():
        values = [tf.convert_to_tensor(value) for value in model.trainable_variables]
        batch = pack_batch(step.blocks, Batch(*data))
        return step(values, [], batch, tf.ones(2), {}).gradients

    return len(run.get_concrete_function().graph.get_operations())


def test_it_costs_nothing_when_not_asked_for(data):
    model = _model()
    plain = _operations(model, data, watch=False)
    assert plain < _operations(model, data, watch=True)
    model.compile("sgd")
    model.fit(*data, verbose=0, callbacks=[GradientConflict()])
    history = model.fit(*data, verbose=0).history
    assert not any("cosine" in name for name in history)
    training = model._compiled()
    assert training.watched is None
    assert not training.step.watch_gramian
