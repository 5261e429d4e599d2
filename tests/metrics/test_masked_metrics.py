"""Metrics leave out missing labels, and add up over batches."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from keras_mtl.metrics import (
    MaskedAUC,
    MaskedBinaryAccuracy,
    MaskedCategoricalAccuracy,
    MaskedMeanAbsoluteError,
    MaskedMeanSquaredError,
    StackedAUC,
)

ROWS = 400
GENERATOR = np.random.default_rng(0)
BINARY = GENERATOR.integers(0, 2, ROWS).astype("float32")
CLASSES = GENERATOR.integers(0, 3, ROWS).astype("float32")
SEVERAL = GENERATOR.integers(0, 2, (ROWS, 3)).astype("float32")
NUMBERS = GENERATOR.normal(50, 10, ROWS).astype("float32")
CASES = {
    "binary accuracy": (MaskedBinaryAccuracy, BINARY, 1),
    "accuracy of several": (MaskedBinaryAccuracy, SEVERAL, 3),
    "accuracy of classes": (MaskedCategoricalAccuracy, CLASSES, 3),
    "absolute error": (MaskedMeanAbsoluteError, NUMBERS, 1),
    "squared error": (MaskedMeanSquaredError, NUMBERS, 1),
    "auc": (MaskedAUC, BINARY, 1),
    "auc of classes": (lambda: MaskedAUC(outputs=3, one_hot=True), CLASSES, 3),
    "auc of several": (lambda: MaskedAUC(outputs=3), SEVERAL, 3),
}


@pytest.fixture(params=CASES)
def case(request):
    make, labels, units = CASES[request.param]
    outputs = np.random.default_rng(1).uniform(0, 1, (ROWS, units)).astype("float32")
    return make, labels, outputs


def result(metric, *batches):
    for labels, outputs in batches:
        metric.update_state(labels, outputs)
    return float(metric.result())


def test_missing_labels_have_no_part(case):
    make, labels, outputs = case
    missing = labels.copy()
    missing[::3] = np.nan
    known = np.arange(ROWS) % 3 != 0
    expected = result(make(), (labels[known], outputs[known]))
    assert result(make(), (missing, outputs)) == pytest.approx(expected, rel=1e-5)


def test_batches_add_up(case):
    make, labels, outputs = case
    parts = [(labels[i : i + 90], outputs[i : i + 90]) for i in range(0, ROWS, 90)]
    whole = result(make(), (labels, outputs))
    assert result(make(), *parts) == pytest.approx(whole, rel=1e-5)


def test_rows_weigh_by_their_sample_weight(case):
    make, labels, outputs = case
    weight = (np.arange(ROWS) % 4).astype("float32")
    metric = make()
    metric.update_state(labels, outputs, sample_weight=weight)
    repeated = np.repeat(np.arange(ROWS), np.arange(ROWS) % 4)
    expected = result(make(), (labels[repeated], outputs[repeated]))
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)


def test_nothing_labeled_is_zero_not_nan(case):
    make, labels, outputs = case
    assert result(make(), (np.full_like(labels, np.nan), outputs)) == 0


def test_its_config_makes_the_same_metric(case):
    make, labels, outputs = case
    metric = make()
    copy = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert copy.get_config() == metric.get_config()
    assert result(copy, (labels, outputs)) == result(metric, (labels, outputs))


def test_means_are_those_of_numpy():
    outputs = NUMBERS[:, None] + 2
    assert result(MaskedMeanAbsoluteError(), (NUMBERS, outputs)) == pytest.approx(
        2, rel=1e-4
    )
    assert result(MaskedMeanSquaredError(), (NUMBERS, outputs)) == pytest.approx(
        4, rel=1e-4
    )
    right = np.eye(3, dtype="float32")[CLASSES.astype(int)]
    assert result(MaskedCategoricalAccuracy(), (CLASSES, right)) == 1
    assert result(MaskedBinaryAccuracy(), (BINARY, 1 - BINARY[:, None])) == 0
    assert result(MaskedBinaryAccuracy(threshold=0.9), ([1.0], [[0.8]])) == 0


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(0, 2))
def test_the_area_is_scikit_learns_within_the_width_of_a_bin(seed, signal):
    generator = np.random.default_rng(seed)
    labels = np.append(generator.integers(0, 2, 198), [0, 1])
    logits = signal * labels + generator.normal(size=200)
    outputs = (1 / (1 + np.exp(-logits)))[:, None].astype("float32")
    expected = roc_auc_score(labels, outputs[:, 0])
    assert result(MaskedAUC(), (labels, outputs)) == pytest.approx(expected, abs=0.01)


def test_the_area_is_exact_where_answers_are_in_bins_of_their_own():
    outputs = np.array([[0.1], [0.4], [0.35], [0.8]])
    labels = np.array([0, 0, 1, 1])
    assert result(MaskedAUC(), (labels, outputs)) == 0.75
    assert result(MaskedAUC(), (labels, np.full((4, 1), 0.3))) == 0.5
    assert result(MaskedAUC(), (labels, np.array([[0], [0], [1], [1.0]]))) == 1


def test_a_class_without_rows_has_no_part_in_the_mean():
    labels = np.array([0, 1, 0, 1.0])
    outputs = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]] * 2)
    metric = MaskedAUC(outputs=3, one_hot=True)
    assert result(metric, (labels, outputs)) == 1


@pytest.mark.parametrize("tasks", [1, 3])
def test_predictions_that_are_not_numbers_are_not_counted(tasks):
    metric = StackedAUC(MaskedAUC(), tasks)
    labels = np.array([[0.0, 1.0, 1.0, 0.0]] * tasks)
    outputs = np.array([[[0.1], [0.9], [np.nan], [0.4]]] * tasks)
    metric.update_state(labels, outputs)
    np.testing.assert_array_equal(metric.result().numpy(), np.ones(tasks))


def test_the_first_of_equal_classes_is_the_prediction():
    rng = np.random.default_rng(0)
    outputs = rng.integers(-2, 3, (200, 4)).astype("float32")
    outputs[::3] *= -1.0  # Zeros with a sign among them.
    labels = rng.integers(-1, 4, 200).astype("float32")
    right = (outputs.argmax(axis=1) == labels)[labels >= 0]
    found = result(MaskedCategoricalAccuracy(), (labels, outputs))
    assert found == pytest.approx(right.mean())
