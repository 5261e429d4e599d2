"""The JAX peer does the work that this package does."""

import keras
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.article_rows import Rows, training_rows, validation_rows
from keras_mtl.losses import MaskedBinaryCrossentropy, MaskedCategoricalCrossentropy

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

from benchmarks import jax_loop  # noqa: E402
from benchmarks.keras_fits import article_model  # noqa: E402


def _with_gaps(rows):
    labels = {name: values.copy() for name, values in rows.labels.items()}
    labels["thal"][::3] = np.nan
    labels["heart"][5:9] = np.nan
    return Rows(rows.inputs, labels)


@pytest.fixture(scope="module")
def rows():
    return _with_gaps(training_rows())


@pytest.fixture(scope="module")
def validation():
    return _with_gaps(validation_rows())


def _sigmoid(values):
    return 1 / (1 + np.exp(-np.asarray(values)))


def test_the_losses_are_means_over_the_labeled_rows(rows):
    loop = jax_loop.JaxLoop(rows)
    thal, heart = jax_loop.logits(loop.state.network, rows.inputs)
    labels = jax_loop.Labels(rows.labels["thal"], rows.labels["heart"])
    losses = jax_loop.task_losses(thal, heart, labels)
    expected = [
        MaskedCategoricalCrossentropy()(rows.labels["thal"], jax.nn.softmax(thal)),
        MaskedBinaryCrossentropy()(
            rows.labels["heart"][:, None], _sigmoid(heart)[:, None]
        ),
    ]
    np.testing.assert_allclose(losses, [float(loss) for loss in expected], rtol=1e-5)


def test_the_metrics_are_those_of_scikit_learn(rows, validation):
    loop = jax_loop.JaxLoop(rows, validation)
    measured = loop.run_epoch()["metrics"]
    thal, heart = jax_loop.logits(loop.state.network, validation.inputs)
    chances = np.asarray(jax.nn.softmax(thal))
    known = {name: ~np.isnan(y) for name, y in validation.labels.items()}
    classes = validation.labels["thal"][known["thal"]]
    ill = validation.labels["heart"][known["heart"]]
    expected = [
        np.mean(chances[known["thal"]].argmax(1) == classes),
        np.mean(
            [
                roc_auc_score(classes == index, chances[known["thal"], index])
                for index in range(3)
            ]
        ),
        np.mean((np.asarray(heart)[known["heart"]] > 0) == ill),
        roc_auc_score(ill, np.asarray(heart)[known["heart"]]),
    ]
    np.testing.assert_allclose(measured, expected, rtol=1e-5)


def test_ties_count_half():
    positive = np.array([True, False, True, False])
    area = jax_loop.auc(np.array([0.5, 0.5, 0.9, 0.1]), positive, np.full(4, True))
    assert float(area) == roc_auc_score(positive, [0.5, 0.5, 0.9, 0.1])


def _layers(network):
    names = ["trunk_1", "trunk_2", "thal_1", "thal", "heart_1", "heart"]
    return zip(names, [*network.trunk, *network.thal, *network.heart], strict=True)


def test_an_epoch_ends_where_keras_ends(monkeypatch, rows):
    # Batches of 100: the last of 736 rows has 36. By plain gradient descent, as the
    # first updates of Adam make much of what is next to nothing.
    loop = jax_loop.JaxLoop(rows, batch_size=100)
    loop.optimizer = optax.sgd(0.1)
    loop.state = loop.state._replace(optimizer=loop.optimizer.init(loop.state.network))
    order = loop._order()
    monkeypatch.setattr(loop, "_order", lambda: order)
    model = article_model(12)
    model.compile(keras.optimizers.SGD(0.1))
    for name, layer in _layers(loop.state.network):
        model.get_layer(name).set_weights([np.asarray(value) for value in layer])
    loop.run_epoch()
    for batch in order:
        batch = batch[batch < len(rows.inputs)]
        labels = {name: values[batch] for name, values in rows.labels.items()}
        model.train_on_batch(rows.inputs[batch], labels)
    for name, layer in _layers(loop.state.network):
        for ours, theirs in zip(
            model.get_layer(name).get_weights(), layer, strict=True
        ):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_members_differ_and_a_stopped_one_stays(rows, validation):
    loop = jax_loop.JaxLoop(
        rows, validation, members=3, dropout=0.2, patience=1, learning_rate=0.1
    )
    while loop.run_epoch()["active"].any():
        assert loop.epoch < 50
    kernels = np.asarray(loop.state.network.trunk[0][0])
    assert not np.allclose(kernels[0], kernels[1])
    best = np.asarray(loop.state.best_epoch)
    loop.run_epoch()
    np.testing.assert_array_equal(loop.state.network.trunk[0][0], kernels)
    np.testing.assert_array_equal(loop.state.best_epoch, best)
