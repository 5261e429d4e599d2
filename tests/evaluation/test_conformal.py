"""Coverage of sets and intervals."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict

from keras_mtl.evaluation import (
    class_scores,
    conformal_quantile,
    fit_class_sets,
    fit_intervals,
    joint_quantiles,
    residual_scores,
)


def draw_classes(generator, rows, sharpness=1.0):
    """Four classes, and probabilities that may be too sure of them."""
    logits = generator.normal(0, 1.5, (rows, 4))
    labels = np.argmax(logits + generator.gumbel(size=logits.shape), axis=1)
    weights = np.exp(logits * sharpness)
    return labels.astype(float), weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("rows", [9, 19, 100])
def test_a_quantile_covers_a_new_score_just_as_often_as_promised(rows):
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(20_000, rows + 1))
    quantiles = np.array([conformal_quantile(s[:-1], 0.8) for s in scores])
    covered = np.mean(scores[:, -1] <= quantiles)
    assert 0.79 < covered < 0.8 + 1 / (rows + 1) + 0.01


def test_a_quantile_of_too_few_scores_is_infinite():
    assert conformal_quantile(np.arange(8), 0.9) == np.inf
    assert conformal_quantile(np.arange(9), 0.9) == 8
    assert conformal_quantile([np.nan], 0.5) == np.inf
    with pytest.raises(ValueError, match="coverage"):
        conformal_quantile([1.0], 1.0)


@pytest.mark.parametrize("method", ["lac", "aps"])
@pytest.mark.parametrize("sharpness", [1.0, 3.0])
def test_sets_cover_whether_or_not_the_probabilities_are_right(method, sharpness):
    generator = np.random.default_rng(0)
    covered, sizes = [], []
    for _ in range(300):
        labels, probabilities = draw_classes(generator, 200, sharpness)
        sets = fit_class_sets(labels[:100], probabilities[:100], 0.9, method)
        inside = sets.contains(probabilities[100:])
        covered.append(inside[np.arange(100), labels[100:].astype(int)].mean())
        sizes.append(inside.sum(axis=1))
    assert np.min(sizes) >= 1
    assert np.mean(covered) > 0.89
    if method == "lac":
        assert np.mean(covered) < 0.925


def test_sets_of_two_classes_take_one_probability():
    labels = np.array([0.0, 1.0, 1.0, np.nan])
    positive = np.array([0.2, 0.9, 0.4, 0.5])
    both = np.stack([1 - positive, positive], axis=1)
    for values in (positive, positive[:, None], both):
        scores = class_scores(labels, values)
        np.testing.assert_allclose(scores, [0.2, 0.1, 0.6, np.nan])
    with pytest.raises(ValueError, match="method"):
        class_scores(labels, positive, method="raps")


def test_aps_sums_the_more_probable_classes():
    scores = class_scores([2, 0], [[0.5, 0.2, 0.3], [0.5, 0.2, 0.3]], "aps")
    np.testing.assert_allclose(scores, [0.8, 0.5])


def test_too_few_rows_give_sets_of_all_classes():
    sets = fit_class_sets([0, 1], [0.1, 0.9], 0.9)
    assert sets.contains([0.999]).all()
    low, high = fit_intervals([1.0], [1.0], 0.9).around([2.0])
    assert (low[0], high[0]) == (-np.inf, np.inf)


def test_intervals_cover_and_follow_the_scale():
    generator = np.random.default_rng(0)
    covered, wide = [], []
    for _ in range(300):
        scales = generator.uniform(1, 5, 200)
        labels = generator.standard_t(3, 200) * scales
        fitted = fit_intervals(labels[:100], np.zeros(100), 0.8, scales[:100])
        low, high = fitted.around(np.zeros(100), scales[100:])
        inside = (low <= labels[100:]) & (labels[100:] <= high)
        covered.append(inside.mean())
        wide.append(inside[scales[100:] > 4].mean())
    assert 0.79 < np.mean(covered) < 0.82
    assert 0.78 < np.mean(wide) < 0.83


def test_scores_of_cross_validation_may_be_pooled():
    generator = np.random.default_rng(0)
    coefficients = generator.normal(size=5)
    covered = []
    for _ in range(100):
        x = generator.normal(size=(300, 5))
        y = x @ coefficients + generator.normal(size=300)
        folds = KFold(5)
        predictions = cross_val_predict(Ridge(), x[:60], y[:60], cv=folds)
        fitted = fit_intervals(y[:60], predictions, 0.9)
        models = [Ridge().fit(x[:60][t], y[:60][t]) for t, _ in folds.split(x[:60])]
        center = np.mean([model.predict(x[60:]) for model in models], axis=0)
        low, high = fitted.around(center)
        covered.append(np.mean((low <= y[60:]) & (y[60:] <= high)))
    assert 0.885 < np.mean(covered) < 0.93


def draw_joint(generator, rows, correlation):
    """Scores of three tasks on different scales that are difficult together."""
    common = generator.normal(size=(rows, 1)) * np.sqrt(correlation)
    own = generator.normal(size=(rows, 3)) * np.sqrt(1 - correlation)
    return np.abs(common + own) * [1, 10, 0.1]


@pytest.mark.parametrize("correlation", [0.0, 0.9])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_joint_quantiles_hold_all_labels_of_a_row(correlation, missing):
    generator = np.random.default_rng(0)
    covered, methods = [], set()
    for _ in range(200):
        scores = draw_joint(generator, 600, correlation)
        test = draw_joint(generator, 500, correlation)
        scores[generator.random(scores.shape) < missing] = np.nan
        joint = joint_quantiles(dict(zip("abc", scores.T, strict=True)), 0.9)
        methods.add(joint.method)
        inside = test <= [joint.quantiles[name] for name in "abc"]
        covered.append(inside.all(axis=1).mean())
    assert methods == {"complete rows"}
    assert 0.89 < np.mean(covered) < 0.91


def test_few_complete_rows_take_bonferronis_correction():
    generator = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        scores = draw_joint(generator, 300, 0.5)
        scores[np.arange(300), np.arange(300) % 3] = np.nan
        joint = joint_quantiles(dict(zip("abc", scores.T, strict=True)), 0.9)
        assert (joint.method, joint.rows) == ("Bonferroni", 0)
        inside = draw_joint(generator, 500, 0.5)
        inside = inside <= [joint.quantiles[name] for name in "abc"]
        covered.append(inside.all(axis=1).mean())
    assert 0.9 < np.mean(covered) < 0.97


def test_tasks_that_are_difficult_together_need_no_correction():
    scores = np.abs(np.random.default_rng(0).normal(size=2000))
    joint = joint_quantiles({"a": scores, "b": 10 * scores}, 0.9)
    alone = conformal_quantile(scores, 0.9)
    assert joint.quantiles["a"] == pytest.approx(alone, rel=0.02)
    with pytest.raises(ValueError, match="tasks"):
        joint_quantiles({}, 0.9)


def test_a_residual_without_a_label_has_no_score():
    scores = residual_scores([1.0, np.nan], [[3.0], [4.0]], scales=2.0)
    np.testing.assert_array_equal(scores, [1, np.nan])
