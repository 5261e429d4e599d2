import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_mtl.analysis import GradientConflict
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.tasks import BinaryTask
from keras_mtl.training.batch_step import Batch, BatchStep
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


def test_a_task_without_labels_has_no_cosine(data):
    x, y = data
    y["other"] = np.full(ROWS, np.nan, "float32")
    model = _model()
    model.compile("sgd")
    history = model.fit(x, y, verbose=0, callbacks=[GradientConflict()]).history
    assert np.isnan(history["one_other_cosine"]).all()
    assert history["conflict"] == [0.0]
    assert history["one_gradient_norm"][0] > 0


def _operations(model, data, watch):
    step = BatchStep(model, get("sum"), watch_gramian=watch)

    @tf.function
    def run():
        values = [tf.convert_to_tensor(value) for value in model.trainable_variables]
        return step(values, [], Batch(*data), tf.ones(2), {}).gradients

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
