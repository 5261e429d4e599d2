"""Labels, losses and metrics meet their head by its name, in any order."""

import keras
import numpy as np
import pytest

from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import BinaryTask, RegressionTask

ROWS = 24
# The outputs of each head, and its labels: no two heads could be exchanged unnoticed.
PROBABILITY = {"zebra": 0.9, "apple": 0.2}
SIZE = 3.0
LABELS = {
    "apple": np.ones((ROWS, 1), "float32"),
    "mango": np.full((ROWS, 1), 5.0, "float32"),
    "zebra": np.zeros((ROWS, 1), "float32"),
}
TASKS = {
    "zebra": BinaryTask("zebra"),
    "mango": RegressionTask("mango", mean=0.0, scale=1.0),
    "apple": BinaryTask("apple"),
}
# Neither order is that of the alphabet, by which utilities for trees sort the keys.
ORDERS = [("zebra", "apple", "mango"), ("mango", "zebra", "apple")]


def _constant(value: float) -> keras.layers.Layer:
    return keras.layers.Dense(
        1,
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(value),
    )


def _outputs(order):
    inputs = keras.Input((2,))
    values = {**PROBABILITY, "mango": SIZE}
    return inputs, {name: _constant(values[name])(inputs) for name in order}


def _labels(order):
    return {name: LABELS[name] for name in reversed(order)}


def _expected():
    return {
        "apple_loss": -np.log(PROBABILITY["apple"]),
        "zebra_loss": -np.log(1 - PROBABILITY["zebra"]),
        "mango_loss": (5 - SIZE) ** 2,
        "apple_accuracy": 0.0,
        "zebra_accuracy": 0.0,
        "mango_mae": 5 - SIZE,
    }


def _assert_named(values):
    expected = _expected()
    given = {name: values[name] for name in expected}
    assert given == pytest.approx(expected, rel=1e-5)
    total = sum(values[f"{name}_loss"] for name in LABELS)
    assert values["loss"] == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("order", ORDERS)
def test_of_a_multi_task_model(order):
    model = MultiTaskModel(*_outputs(order), tasks=[TASKS[name] for name in order])
    model.compile(keras.optimizers.SGD(0.0))
    features = np.zeros((ROWS, 2), "float32")
    labels = _labels(order)
    _assert_named(model.evaluate(features, labels, verbose=0, return_dict=True))
    history = model.fit(
        features, labels, validation_data=(features, labels), batch_size=8, verbose=0
    ).history
    _assert_named({name: values[0] for name, values in history.items()})
    validation = {name: values[0] for name, values in history.items()}
    _assert_named({name: validation[f"val_{name}"] for name in ["loss", *_expected()]})


@pytest.mark.parametrize("order", ORDERS)
def test_of_a_plain_keras_model(order):
    model = keras.Model(*_outputs(order))
    model.compile(
        keras.optimizers.SGD(0.0),
        loss={name: task.loss() for name, task in TASKS.items()},
        metrics={name: TASKS[name].metrics() for name in reversed(TASKS)},
    )
    features = np.zeros((ROWS, 2), "float32")
    _assert_named(model.evaluate(features, _labels(order), verbose=0, return_dict=True))


@pytest.mark.parametrize("order", ORDERS)
def test_predictions_are_keyed_by_the_name_of_the_head(order):
    model = MultiTaskModel(*_outputs(order), tasks=[TASKS[name] for name in order])
    predictions = model.predict(np.zeros((ROWS, 2), "float32"), verbose=0)
    for name, value in {**PROBABILITY, "mango": SIZE}.items():
        np.testing.assert_allclose(predictions[name], value, rtol=1e-6)
