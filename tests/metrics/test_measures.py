"""Measures of held-out rows, against numbers worked out by hand."""

import numpy as np
import pytest

from keras_mtl.metrics import (
    binary_measures,
    multiclass_measures,
    multilabel_measures,
    regression_measures,
)

ORDER = ["rows", "accuracy", "balanced_accuracy", "auc", "log_loss", "brier"]


def test_binary():
    labels = np.array([0, 0, 0, 1, np.nan])
    measures = binary_measures(labels, np.array([0.2, 0.6, 0.1, 0.8, 0.9]))
    assert list(measures) == ORDER
    assert measures["rows"] == 4
    assert measures["accuracy"] == 0.75
    assert measures["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert measures["auc"] == 1
    assert measures["log_loss"] == pytest.approx(-np.log([0.8, 0.4, 0.9, 0.8]).mean())
    assert measures["brier"] == pytest.approx((0.04 + 0.36 + 0.01 + 0.04) / 4)


def test_the_threshold_itself_is_positive():
    labels, probabilities = np.array([1.0, 0.0]), np.array([0.3, 0.2])
    assert binary_measures(labels, probabilities, threshold=0.3)["accuracy"] == 1


def test_multiclass():
    labels = np.array([0, 0, 1, 2, np.nan])
    probabilities = np.array(
        [[0.6, 0.2, 0.2], [0.3, 0.5, 0.2], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [1, 0, 0]]
    )
    measures = multiclass_measures(labels, probabilities)
    assert list(measures) == ORDER
    assert measures["accuracy"] == 0.75
    assert measures["balanced_accuracy"] == pytest.approx((0.5 + 1 + 1) / 3)
    assert measures["auc"] == 1
    assert measures["log_loss"] == pytest.approx(-np.log([0.6, 0.3, 0.8, 0.6]).mean())
    first = 0.16 + 0.04 + 0.04
    assert measures["brier"] == pytest.approx((first + 0.78 + 0.06 + first) / 4)


def test_a_class_that_no_row_has_is_left_out_of_the_means():
    labels = np.array([0.0, 1.0])
    probabilities = np.array([[0.2, 0.3, 0.5], [0.1, 0.7, 0.2]])
    measures = multiclass_measures(labels, probabilities)
    assert measures["balanced_accuracy"] == 0.5
    assert measures["auc"] == 1


def test_multilabel_is_the_mean_over_its_labels():
    labels = np.array([[0, 1], [1, np.nan], [np.nan, np.nan], [1, 0.0]])
    probabilities = np.array([[0.1, 0.8], [0.7, 0.2], [0.5, 0.5], [0.2, 0.9]])
    measures = multilabel_measures(labels, probabilities)
    assert list(measures) == [*ORDER, "subset_accuracy"]
    assert measures["rows"] == 3
    assert measures["accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert measures["subset_accuracy"] == 0.5
    assert measures["auc"] == pytest.approx((1 + 0) / 2)


def test_regression():
    measures = regression_measures(np.array([1, 3, np.nan]), np.array([2, 3, 9.0]))
    assert measures == {"rows": 2, "mae": 0.5, "mse": 0.5, "r2": 0.5}


def test_what_the_rows_do_not_define_is_left_out():
    one_class = binary_measures(np.array([1.0, 1.0]), np.array([0.5, 0.9]))
    assert list(one_class) == ["rows", "accuracy", "log_loss", "brier"]
    assert "r2" not in regression_measures(np.array([1.0]), np.array([2.0]))
    nothing = np.array([np.nan])
    assert binary_measures(nothing, np.array([0.5])) == {"rows": 0}
    assert multiclass_measures(nothing, np.array([[0.5, 0.5]])) == {"rows": 0}
    assert regression_measures(nothing, np.array([0.5])) == {"rows": 0}
    assert multilabel_measures(nothing[:, None], np.array([[0.5]])) == {"rows": 0}


def test_certain_and_wrong_answers_stay_finite():
    wrong = np.array([[1, 0], [0, 1.0]])
    labels = np.array([1.0, 0.0])
    for measures in (
        multiclass_measures(labels, wrong),
        binary_measures(labels, wrong[:, 1]),
    ):
        assert all(np.isfinite(value) for value in measures.values())
