"""Each loss is Keras's own on the rows that have a label, and nothing else."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_mtl.losses import (
    MaskedBinaryCrossentropy,
    MaskedCategoricalCrossentropy,
    MaskedSquaredError,
    MaskedSummedBinaryCrossentropy,
    MaskedTransformedError,
)

ROWS = 12


def binary():
    labels = np.tile([0.0, 1.0, 1.0], 4).astype("float32")
    return labels, _probabilities(1)


def classes():
    outputs = _probabilities(3)
    labels = np.tile([0.0, 1.0, 2.0], 4).astype("float32")
    return labels, outputs / outputs.sum(axis=1, keepdims=True)


def several():
    labels = np.random.default_rng(1).integers(0, 2, (ROWS, 3)).astype("float32")
    return labels, _probabilities(3)


def numbers():
    generator = np.random.default_rng(2)
    values = generator.normal(50, 10, ROWS).astype("float32")
    return values, generator.normal(50, 10, (ROWS, 1)).astype("float32")


def _probabilities(units):
    return np.random.default_rng(0).uniform(0.05, 0.95, (ROWS, units)).astype("float32")


LABELS, VALUES = (0.0, 50.0, 100.0), (-4.0, 0.0, 2.0)
CASES = {
    "binary": (MaskedBinaryCrossentropy(), binary),
    "binary smoothed": (MaskedBinaryCrossentropy(label_smoothing=0.2), binary),
    "classes": (MaskedCategoricalCrossentropy(), classes),
    "classes smoothed": (MaskedCategoricalCrossentropy(label_smoothing=0.1), classes),
    "several": (MaskedSummedBinaryCrossentropy(), several),
    "several smoothed": (MaskedSummedBinaryCrossentropy(label_smoothing=0.1), several),
    "numbers": (MaskedSquaredError(scale=10.0), numbers),
    "numbers on lines": (MaskedTransformedError(LABELS, VALUES), numbers),
}


def reference(name, labels, outputs):
    """The same loss in Keras's or NumPy's words, for rows that all have labels."""
    if name.startswith("binary"):
        loss = keras.losses.BinaryCrossentropy(
            label_smoothing=0.2 if "smoothed" in name else 0.0
        )
        return float(loss(labels[:, None], outputs))
    if name.startswith("classes"):
        loss = keras.losses.CategoricalCrossentropy(
            label_smoothing=0.1 if "smoothed" in name else 0.0
        )
        return float(loss(np.eye(3, dtype="float32")[labels.astype(int)], outputs))
    if name.startswith("several"):
        smoothing = 0.1 if "smoothed" in name else 0.0
        target = labels * (1 - smoothing) + smoothing / 2
        entries = -(target * np.log(outputs) + (1 - target) * np.log(1 - outputs))
        return float(entries.sum(axis=1).mean())
    if name == "numbers on lines":
        true, predicted = (
            np.interp(each, LABELS, VALUES) for each in (labels, outputs[:, 0])
        )
        return float(np.mean((true - predicted) ** 2))
    return float(np.mean(((labels - outputs[:, 0]) / 10.0) ** 2))


@pytest.fixture(params=CASES)
def case(request):
    loss, make = CASES[request.param]
    return request.param, loss, *make()


def test_with_all_labels_it_is_the_usual_loss(case):
    name, loss, labels, outputs = case
    expected = reference(name, labels, outputs)
    assert float(loss(labels, outputs)) == pytest.approx(expected, rel=1e-4)


def test_missing_labels_leave_the_loss_of_the_labeled_rows(case):
    name, loss, labels, outputs = case
    missing = labels.copy()
    missing[::3] = np.nan
    known = np.arange(ROWS) % 3 != 0
    expected = reference(name, labels[known], outputs[known])
    assert float(loss(missing, outputs)) == pytest.approx(expected, rel=1e-4)


def test_outputs_of_rows_without_a_label_have_no_gradient(case):
    _, loss, labels, outputs = case
    missing = labels.copy()
    missing[::3] = np.nan
    values = tf.constant(outputs)
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = loss(missing, values)
    gradient = tape.gradient(result, values).numpy()
    assert np.isfinite(gradient).all()
    assert np.all(gradient[::3] == 0)
    assert np.all(np.any(gradient[1::3] != 0, axis=1))


def test_a_batch_without_any_label_is_zero_without_gradient(case):
    _, loss, labels, outputs = case
    values = tf.constant(outputs)
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = loss(np.full_like(labels, np.nan), values)
    assert float(result) == 0
    assert np.all(tape.gradient(result, values).numpy() == 0)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_compiled_loss_is_the_same(case, jit_compile):
    _, loss, labels, outputs = case
    missing = labels.copy()
    missing[:4] = np.nan
    compiled = tf.function(loss, jit_compile=jit_compile)
    result = compiled(tf.constant(missing), tf.constant(outputs))
    assert float(result) == pytest.approx(float(loss(missing, outputs)), rel=1e-5)


def test_its_config_makes_the_same_loss(case):
    _, loss, labels, outputs = case
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(copy) is type(loss)
    assert copy.get_config() == loss.get_config()
    assert float(copy(labels, outputs)) == float(loss(labels, outputs))


@pytest.mark.parametrize("name", ["binary", "classes"])
def test_minus_one_is_missing_and_a_column_of_labels_is_accepted(name):
    loss, make = CASES[name]
    labels, outputs = make()
    missing = labels.copy()
    missing[::2] = np.nan
    codes = np.nan_to_num(missing, nan=-1.0).astype("int32")
    expected = float(loss(missing, outputs))
    assert float(loss(codes, outputs)) == pytest.approx(expected)
    assert float(loss(missing[:, None], outputs)) == pytest.approx(expected)


def test_one_missing_label_of_several_takes_its_part_alone():
    loss = MaskedSummedBinaryCrossentropy()
    labels = np.array([[1.0, np.nan], [0.0, 1.0]], "float32")
    outputs = np.array([[0.5, 0.123], [0.25, 0.25]], "float32")
    expected = (np.log(2) - np.log(0.75) - np.log(0.25)) / 2
    assert float(loss(labels, outputs)) == pytest.approx(expected, rel=1e-5)
