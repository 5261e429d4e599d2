"""Linear models of arrays: what they find, choose and refuse."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score

from keras_mtl.linear import (
    ClusteredModel,
    DirtyModel,
    GroupSparseModel,
    IndependentModel,
    LowRankModel,
    MeanRegularisedModel,
)

MODELS = (
    IndependentModel,
    GroupSparseModel,
    DirtyModel,
    LowRankModel,
    MeanRegularisedModel,
    ClusteredModel,
)
GENERATOR = np.random.default_rng(3)
ROWS, WIDTH = 120, 6
X = GENERATOR.normal(size=(ROWS, WIDTH)) * [1, 10, 0.1, 1, 1, 1] + 5
SIGNAL = (X[:, 0] - 5) + (X[:, 1] - 5) / 10


def labels():
    """A task of each kind with a third of the labels missing."""
    noise = 0.5 * GENERATOR.normal(size=(3, ROWS))
    cost = 100 + 20 * (SIGNAL + noise[0])
    sick = np.where(SIGNAL + noise[1] > 0, "yes", "no").astype(object)
    kind = np.array(["a", "b", "c"], object)[
        np.digitize(SIGNAL + noise[2], [-0.7, 0.7])
    ]
    cost[::3], sick[1::3], kind[2::3] = np.nan, None, None
    return {"cost": cost, "sick": sick, "kind": kind}


@pytest.mark.parametrize("model", MODELS)
def test_tasks_of_all_kinds_with_missing_labels_are_predicted(model):
    y = labels()
    fitted = model(strengths=8, folds=3).fit(X, y)
    found = fitted.predict(X)
    assert list(found) == ["cost", "sick", "kind"]
    assert np.corrcoef(found["cost"], SIGNAL)[0, 1] > 0.9
    assert (found["sick"] == np.where(SIGNAL > 0, "yes", "no")).mean() > 0.85
    shares = fitted.predict_proba(X)
    assert list(shares) == ["sick", "kind"]
    for name, columns in {"sick": 2, "kind": 3}.items():
        assert shares[name].shape == (ROWS, columns)
        np.testing.assert_allclose(shares[name].sum(axis=1), 1.0)
    assert fitted.output_names_ == ["cost", "sick", "kind[a]", "kind[b]", "kind[c]"]
    assert fitted.residual_ < 1e-6
    assert fitted.strength_ in fitted.choice_.strengths


@pytest.mark.parametrize("model", MODELS)
def test_parameters_are_those_of_scikit_learn(model):
    one = model(strength=0.1, seed=4)
    two = clone(one)
    assert two.get_params() == one.get_params()
    y = np.stack([SIGNAL, -SIGNAL], axis=1)
    first = one.fit(X, y).coef_
    # Fitting twice, or a copy, gives the same bytes.
    np.testing.assert_array_equal(one.fit(X, y).coef_, first)
    np.testing.assert_array_equal(two.fit(X, y).coef_, first)


@pytest.mark.parametrize("model", MODELS)
def test_units_of_features_and_labels_do_not_matter(model):
    y = np.stack([SIGNAL, 3 * SIGNAL + GENERATOR.normal(size=ROWS)], axis=1)
    expected = model(strength=0.05).fit(X, y).predict(X)
    units = np.array([2.0, 0.01, 7.0, 1.0, 100.0, 3.0])
    other = model(strength=0.05).fit(X * units - 4, y * 50 + 7)
    np.testing.assert_allclose(
        other.predict(X * units - 4), expected * 50 + 7, atol=1e-3
    )


def test_a_row_of_weights_is_zero_for_all_tasks_or_for_none():
    fitted = GroupSparseModel(strength=0.15).fit(X, labels())
    used = fitted.standard_coef_ != 0
    assert used.all(axis=1).tolist() == used.any(axis=1).tolist()
    assert used[:2].all()
    assert not used[2:].all()
    # What is zero in standard units is zero in the features' own.
    np.testing.assert_array_equal(fitted.coef_ != 0, used)


def test_made_clusters_of_tasks_come_back():
    generator = np.random.default_rng(7)
    x = generator.normal(size=(200, 10))
    centers = generator.normal(size=(10, 2))
    true = np.array([0, 1, 1, 0, 0, 1, 0, 1])
    weights = centers[:, true] + 0.1 * generator.normal(size=(10, 8))
    y = x @ weights + generator.normal(size=(200, 8))
    fitted = ClusteredModel(clusters=2).fit(x, y)
    assert adjusted_rand_score(true, fitted.clusters_) == 1.0
    yes = {f"t{t}": y[:, t] > 0 for t in range(8)}
    fitted = ClusteredModel(clusters=2, strengths=10, folds=3).fit(x, yes)
    assert adjusted_rand_score(true, fitted.clusters_) == 1.0


def test_related_tasks_with_few_labels_borrow_from_each_other():
    """Each of the penalties that fits how the tasks were made beats each alone."""
    generator = np.random.default_rng(1)
    x, new = generator.normal(size=(240, 20)), generator.normal(size=(2000, 20))
    center = generator.normal(size=(20, 1))
    weights = center + 0.2 * generator.normal(size=(20, 12))
    y = x @ weights + 2 * generator.normal(size=(240, 12))
    # Each task has labels in 20 of the rows.
    known = np.arange(240)[:, None] // 20 == np.arange(12)
    y = np.where(known, y, np.nan)

    def error(model):
        predictions = model.fit(x, y).predict(new)
        return ((predictions - new @ weights) ** 2).mean()

    alone = error(IndependentModel())
    assert error(MeanRegularisedModel()) < 0.5 * alone
    assert error(LowRankModel()) < alone
    assert error(ClusteredModel(clusters=1)) < 0.5 * alone


def test_one_standard_error_takes_a_larger_strength():
    best = GroupSparseModel(folds=4).fit(X, labels())
    larger = GroupSparseModel(folds=4, one_standard_error=True).fit(X, labels())
    assert larger.strength_ > best.strength_
    choice = larger.choice_
    limit = choice.loss[choice.best] + choice.standard_error[choice.best]
    assert choice.loss[choice.chosen] <= limit
    assert best.path_.shape == (30, WIDTH, 5)


def test_a_row_without_weight_does_not_count():
    weights = (np.arange(ROWS) % 3 > 0).astype(float)
    sick = SIGNAL > 0
    model = GroupSparseModel(strength=0.05)
    first = clone(model).fit(X, {"sick": sick}, sample_weight=weights)
    other = np.where(weights > 0, sick, ~sick)
    second = clone(model).fit(X, {"sick": other}, sample_weight=weights)
    np.testing.assert_allclose(first.coef_, second.coef_, atol=1e-9)


def test_columns_that_repeat_others_are_counted():
    x = np.hstack([X, X[:, :2], np.ones((ROWS, 1))])
    fitted = LowRankModel(strength=0.1).fit(x, SIGNAL)
    assert fitted.rank_ == WIDTH
    assert fitted.coef_[-1] == 0
    assert np.isfinite(fitted.predict(x)).all()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (GroupSparseModel(strength=-1), "`strength`. Expected a finite number of 0"),
        (GroupSparseModel(strength=np.inf), "`strength`. Expected a finite number"),
        (GroupSparseModel(folds=1), "`folds`. Expected an integer of 2 or more"),
        (
            ClusteredModel(clusters=3),
            "`clusters`. Expected an integer from 1 to 2, the",
        ),
        (DirtyModel(shared=0), "`shared`. Expected a finite number above 0"),
        (MeanRegularisedModel(ridge=-1), "`ridge`. Expected a finite number of 0"),
        (IndependentModel(penalty="l3"), "`penalty`. Expected 'ridge' or 'lasso'"),
    ],
)
def test_settings_that_cannot_serve_are_refused(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, np.stack([SIGNAL, -SIGNAL], axis=1))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[:, 0], SIGNAL, "`x`. Expected finite numbers of shape"),
        (X * np.nan, SIGNAL, "missing or infinite"),
        (X, SIGNAL[:-1], "a label for each of 120 rows"),
        (X, {"a": np.full(ROWS, np.nan)}, "'a': expected a label in some row"),
        (X, {}, "Expected at least one task"),
    ],
)
def test_arrays_that_cannot_serve_are_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        GroupSparseModel(strength=0.1).fit(x, y)


def test_all_that_is_wrong_with_labels_is_reported_at_once():
    y = {"one": ["a"] * ROWS, "two": np.arange(ROWS) % 3}
    kinds = {"two": "binary", "tow": "regression"}
    with pytest.raises(ValueError, match="Did you mean 'two'") as caught:
        GroupSparseModel(strength=0.1, kinds=kinds).fit(X, y)
    assert "'one': expected two or more classes" in str(caught.value)
    assert "'two': expected two classes. Received: 0, 1, 2" in str(caught.value)
