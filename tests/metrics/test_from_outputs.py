"""Measures of held-out rows, against numbers worked out by hand."""

import numpy as np
import pytest
from sklearn import metrics as reference

from keras_mtl.metrics import (
    binary_metrics,
    multiclass_metrics,
    multilabel_metrics,
    regression_metrics,
)

ORDER = ["rows", "accuracy", "balanced_accuracy", "auc", "log_loss", "brier"]


def test_binary():
    labels = np.array([0, 0, 0, 1, np.nan])
    metrics = binary_metrics(labels, np.array([0.2, 0.6, 0.1, 0.8, 0.9]))
    assert list(metrics) == ORDER
    assert metrics["rows"] == 4
    assert metrics["accuracy"] == 0.75
    assert metrics["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert metrics["auc"] == 1
    assert metrics["log_loss"] == pytest.approx(-np.log([0.8, 0.4, 0.9, 0.8]).mean())
    assert metrics["brier"] == pytest.approx((0.04 + 0.36 + 0.01 + 0.04) / 4)


def test_the_threshold_itself_is_positive():
    labels, probabilities = np.array([1.0, 0.0]), np.array([0.3, 0.2])
    assert binary_metrics(labels, probabilities, threshold=0.3)["accuracy"] == 1


def test_multiclass():
    labels = np.array([0, 0, 1, 2, np.nan])
    probabilities = np.array(
        [[0.6, 0.2, 0.2], [0.3, 0.5, 0.2], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [1, 0, 0]]
    )
    metrics = multiclass_metrics(labels, probabilities)
    assert list(metrics) == ORDER
    assert metrics["accuracy"] == 0.75
    assert metrics["balanced_accuracy"] == pytest.approx((0.5 + 1 + 1) / 3)
    assert metrics["auc"] == 1
    assert metrics["log_loss"] == pytest.approx(-np.log([0.6, 0.3, 0.8, 0.6]).mean())
    first = 0.16 + 0.04 + 0.04
    assert metrics["brier"] == pytest.approx((first + 0.78 + 0.06 + first) / 4)


def test_a_class_that_no_row_has_is_left_out_of_the_means():
    labels = np.array([0.0, 1.0])
    probabilities = np.array([[0.2, 0.3, 0.5], [0.1, 0.7, 0.2]])
    metrics = multiclass_metrics(labels, probabilities)
    assert metrics["balanced_accuracy"] == 0.5
    assert metrics["auc"] == 1


def test_multilabel_is_the_mean_over_its_labels():
    labels = np.array([[0, 1], [1, np.nan], [np.nan, np.nan], [1, 0.0]])
    probabilities = np.array([[0.1, 0.8], [0.7, 0.2], [0.5, 0.5], [0.2, 0.9]])
    metrics = multilabel_metrics(labels, probabilities)
    assert list(metrics) == [*ORDER, "subset_accuracy"]
    assert metrics["rows"] == 3
    assert metrics["accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert metrics["subset_accuracy"] == 0.5
    assert metrics["auc"] == pytest.approx((1 + 0) / 2)


def test_regression():
    metrics = regression_metrics(np.array([1, 3, np.nan]), np.array([2, 3, 9.0]))
    assert metrics == {"rows": 2, "mae": 0.5, "mse": 0.5, "r2": 0.5}


def test_what_the_rows_do_not_define_is_left_out():
    one_class = binary_metrics(np.array([1.0, 1.0]), np.array([0.5, 0.9]))
    assert list(one_class) == ["rows", "accuracy", "log_loss", "brier"]
    assert "r2" not in regression_metrics(np.array([1.0]), np.array([2.0]))
    nothing = np.array([np.nan])
    assert binary_metrics(nothing, np.array([0.5])) == {"rows": 0}
    assert multiclass_metrics(nothing, np.array([[0.5, 0.5]])) == {"rows": 0}
    assert regression_metrics(nothing, np.array([0.5])) == {"rows": 0}
    assert multilabel_metrics(nothing[:, None], np.array([[0.5]])) == {"rows": 0}


def test_certain_and_wrong_answers_stay_finite():
    wrong = np.array([[1, 0], [0, 1.0]])
    labels = np.array([1.0, 0.0])
    for metrics in (
        multiclass_metrics(labels, wrong),
        binary_metrics(labels, wrong[:, 1]),
    ):
        assert all(np.isfinite(value) for value in metrics.values())


@pytest.mark.parametrize("rows", [5, 60, 900])
@pytest.mark.parametrize("decimals", [1, 6])
def test_the_numbers_are_those_of_scikit_learn(rows, decimals):
    generator = np.random.default_rng(rows)
    codes = np.append([0, 1, 2], generator.integers(0, 3, rows))
    # Rounded, some probabilities are equal, and some are 0 or 1.
    probabilities = generator.dirichlet([0.5, 0.5, 0.5], len(codes)).round(decimals)
    probabilities[:, 2] = 1 - probabilities[:, 0] - probabilities[:, 1]
    probabilities = np.abs(probabilities)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    positive, probability = codes == 1, probabilities[:, 1]
    metrics = binary_metrics(positive.astype(float), probability)
    predictions = probability >= 0.5
    assert metrics == pytest.approx(
        {
            "rows": len(codes),
            "accuracy": reference.accuracy_score(positive, predictions),
            "balanced_accuracy": reference.balanced_accuracy_score(
                positive, predictions
            ),
            "auc": reference.roc_auc_score(positive, probability),
            "log_loss": reference.log_loss(positive, probability, labels=[0, 1]),
            "brier": reference.brier_score_loss(positive, probability),
        }
    )
    metrics = multiclass_metrics(codes.astype(float), probabilities)
    predictions = probabilities.argmax(axis=1)
    assert metrics["accuracy"] == reference.accuracy_score(codes, predictions)
    assert metrics["balanced_accuracy"] == pytest.approx(
        reference.recall_score(codes, predictions, average="macro")
    )
    # Once more, as rounding breaks some ties.
    again = probabilities / probabilities.sum(axis=1, keepdims=True)
    areas = [reference.roc_auc_score(codes == k, again[:, k]) for k in range(3)]
    assert metrics["auc"] == pytest.approx(np.mean(areas))
    assert metrics["log_loss"] == pytest.approx(
        reference.log_loss(codes, probabilities)
    )
    labels = generator.normal(size=len(codes))
    metrics = regression_metrics(labels, probability)
    assert metrics["mae"] == pytest.approx(
        reference.mean_absolute_error(labels, probability)
    )
    assert metrics["mse"] == pytest.approx(
        reference.mean_squared_error(labels, probability)
    )
    assert metrics["r2"] == pytest.approx(reference.r2_score(labels, probability))


def test_an_output_that_is_no_number_is_refused():
    labels, outputs = np.array([0.0, 1.0]), np.array([0.5, np.nan])
    for measure in (binary_metrics, regression_metrics):
        with pytest.raises(ValueError, match="NaN or infinity"):
            measure(labels, outputs)
    with pytest.raises(ValueError, match="NaN or infinity"):
        multiclass_metrics(labels, np.stack([outputs, outputs], axis=1))
