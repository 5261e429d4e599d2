"""Agreement of probabilities with labels."""

import numpy as np
import pytest
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from keras_mtl.evaluation import (
    apply_temperature,
    auc_interval,
    brier_parts,
    calibration_error,
    fit_residual_scale,
    fit_temperature,
    proportion_interval,
    reliability_curve,
    top_class,
)


def draw(rows, seed=0, sharpness=1.0):
    """Labels, and probabilities whose true temperature is `sharpness`."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, rows)
    labels = (generator.random(rows) < 1 / (1 + np.exp(-logits))).astype(float)
    return labels, 1 / (1 + np.exp(-logits * sharpness))


def test_the_curve_is_that_of_scikit_learn():
    labels, probabilities = draw(500)
    curve = reliability_curve(labels, probabilities, bins=7)
    observed, predicted = calibration_curve(
        labels, probabilities, n_bins=7, strategy="quantile"
    )
    np.testing.assert_allclose(curve.observed, observed)
    np.testing.assert_allclose(curve.predicted, predicted)
    assert curve.rows.sum() == 500
    assert (np.ptp(curve.rows)) <= 1


def test_equal_probabilities_are_in_one_bin_and_missing_labels_in_none():
    labels = np.array([0, 1, np.nan, 1, 0, 1])
    curve = reliability_curve(labels, np.full(6, 0.6), bins=3)
    assert curve.rows.tolist() == [5]
    assert curve.observed.tolist() == [0.6]
    assert reliability_curve([np.nan], [0.5]).rows.size == 0
    assert np.isnan(calibration_error([np.nan], [0.5]).value)
    assert np.isnan(brier_parts([np.nan], [0.5]).brier)


def test_perfect_probabilities_have_the_bias_and_nothing_else():
    errors = [calibration_error(*draw(400, seed), draws=200) for seed in range(100)]
    values = np.array([error.value for error in errors])
    biases = np.array([error.bias for error in errors])
    assert values.mean() == pytest.approx(biases.mean(), rel=0.1)
    rejected = np.mean([error.p_value <= 0.05 for error in errors])
    assert rejected <= 0.12


def test_overconfident_probabilities_are_found():
    error = calibration_error(*draw(900, sharpness=2.5))
    assert error.p_value < 0.01
    assert error.value > error.high
    assert 0.03 < error.corrected < error.value


def test_the_simulation_of_many_rows_agrees_with_that_of_few():
    labels, probabilities = draw(20_001)
    many = calibration_error(labels, probabilities)
    few = calibration_error(labels[:-1], probabilities[:-1])
    assert many.bias == pytest.approx(few.bias, rel=0.06)
    assert many.value == pytest.approx(few.value, rel=0.01)


@pytest.mark.parametrize("bins", [1, 10, 1000])
def test_the_parts_add_up_to_the_brier_score(bins):
    labels, probabilities = draw(300, sharpness=2.0)
    parts = brier_parts(labels, probabilities, bins)
    assert parts.brier == pytest.approx(brier_score_loss(labels, probabilities))
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert total == pytest.approx(parts.brier)
    assert min(parts.reliability, parts.resolution) >= -1e-12
    # A bin for each probability hides nothing.
    if bins == 1000:
        assert parts.within == pytest.approx(0, abs=1e-12)


def test_the_temperature_of_two_classes_is_recovered():
    labels, probabilities = draw(50_000, sharpness=2.0)
    logits = np.log(probabilities / (1 - probabilities))
    assert fit_temperature(labels, logits) == pytest.approx(2, rel=0.05)
    column = logits[:, None]
    assert fit_temperature(labels, column) == fit_temperature(labels, logits)


@pytest.mark.parametrize("classes", [2, 4])
def test_the_temperature_minimizes_the_log_loss(classes):
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 3, (300, classes))
    labels = np.argmax(logits + generator.gumbel(size=logits.shape) * 2, axis=1)
    labels = labels.astype(float)
    found = fit_temperature(labels, logits)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    def loss(temperature):
        tempered = apply_temperature(softmax, temperature, exclusive=True)
        return log_loss(labels, tempered)

    assert loss(found) < min(loss(found * 1.01), loss(found / 1.01))
    # Of log probabilities it is the same, and two classes are one logit.
    assert fit_temperature(labels, np.log(softmax)) == pytest.approx(found)
    if classes == 2:
        odds = logits[:, 1] - logits[:, 0]
        assert fit_temperature(labels, odds) == pytest.approx(found)
    labels[:50] = np.nan
    assert fit_temperature(labels, logits) == pytest.approx(
        fit_temperature(labels[50:], logits[50:])
    )


def test_several_labels_share_a_temperature():
    labels, probabilities = draw(60_000, sharpness=3.0)
    logits = np.log(probabilities / (1 - probabilities)).reshape(-1, 3)
    table = labels.reshape(-1, 3)
    table[::3, 1] = np.nan
    assert fit_temperature(table, logits) == pytest.approx(3, rel=0.05)


def test_a_temperature_has_bounds():
    logits = np.array([-1.0, -2.0, 1.0, 2.0])
    assert fit_temperature([0, 0, 1, 1], logits) == pytest.approx(0.05)
    assert fit_temperature([1, 1, 0, 0], logits) == pytest.approx(20)
    assert fit_temperature([0, 0, 1, 1], 1000 * logits) == pytest.approx(0.05)
    assert fit_temperature([np.nan] * 4, logits) == 1
    assert fit_temperature([0, 1, 0, 1], np.zeros(4)) == 1


def test_what_is_no_label_or_logit_is_refused():
    with pytest.raises(ValueError, match="labels` from 0 to 1"):
        fit_temperature([0, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match="finite"):
        fit_temperature([0, 1], [0.1, np.inf])
    with pytest.raises(ValueError, match="shape"):
        fit_temperature([0, 1, 1], [0.1, 0.2])


def test_a_temperature_keeps_certain_and_even_probabilities():
    tempered = apply_temperature([0.0, 0.5, 1.0], 3.0)
    assert tempered.tolist() == [0, 0.5, 1]
    exclusive = apply_temperature([[0.0, 1.0], [0.5, 0.5]], 3.0, exclusive=True)
    assert exclusive.tolist() == [[0, 1], [0.5, 0.5]]
    with pytest.raises(ValueError, match="temperature"):
        apply_temperature([0.5], 0.0)


def test_the_scale_of_residuals_is_their_standard_deviation():
    residuals = np.random.default_rng(0).normal(0, 3, 10_000)
    assert fit_residual_scale(residuals, np.zeros((10_000, 1))) == pytest.approx(
        3, 0.05
    )
    assert np.isnan(fit_residual_scale([np.nan], [1.0]))


def test_the_most_probable_class_is_a_yes_or_no_label():
    right, probability = top_class([1, np.nan], [[0.2, 0.8], [0.9, 0.1]])
    np.testing.assert_array_equal(right, [1, np.nan])
    np.testing.assert_array_equal(probability, [0.8, 0.9])


@pytest.mark.parametrize(("hits", "rows"), [(0, 5), (3, 17), (50, 50)])
def test_an_interval_of_a_share_is_that_of_scipy(hits, rows):
    expected = stats.binomtest(hits, rows).proportion_ci(method="wilson")
    low, high = proportion_interval(hits, rows)
    assert (low, high) == pytest.approx((expected.low, expected.high))


def test_an_interval_of_no_rows_covers_everything():
    assert proportion_interval(0, 0) == (0, 1)
    assert auc_interval(0.7, 0, 4) == (0, 1)


def test_an_interval_of_the_auc_covers_as_often_as_promised():
    generator = np.random.default_rng(0)
    truth = stats.norm.cdf(1.5 / np.sqrt(2))
    covered = []
    for _ in range(2000):
        positive = generator.normal(1.5, 1, 8)
        negative = generator.normal(0, 1, 12)
        auc = np.mean(positive[:, None] > negative)
        low, high = auc_interval(auc, 8, 12)
        assert 0 <= low <= auc <= high <= 1
        covered.append(low <= truth <= high)
    assert 0.93 < np.mean(covered) < 0.985
