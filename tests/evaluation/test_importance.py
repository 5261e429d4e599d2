"""Importance of features, and predictions over their values."""

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression

from keras_mtl.evaluation import feature_importance, predict_over_values
from keras_mtl.tasks import BinaryTask, RegressionTask

SICK = BinaryTask("sick", classes=("no", "yes"))
COST = RegressionTask("cost")


@pytest.fixture
def frame():
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "dose": generator.normal(size=400),
            "age": generator.integers(20, 80, 400),
            "site": pd.Categorical(generator.choice(["a", "b"], 400)),
            "noise": generator.normal(size=400),
        }
    )


def predict(rows):
    site = (rows["site"] == "a").to_numpy()
    return {
        "sick": 1 / (1 + np.exp(-2 * rows["dose"].to_numpy())),
        "cost": (rows["age"] + 100 * site).to_numpy()[:, None],
    }


@pytest.fixture
def labels(frame):
    outputs = predict(frame)
    draws = np.random.default_rng(1).random(400)
    sick = (draws < outputs["sick"]).astype("float32")
    sick[:50] = np.nan
    return {"sick": sick, "cost": outputs["cost"][:, 0]}


def test_a_feature_matters_to_the_task_that_uses_it(frame, labels):
    found = feature_importance(predict, frame, [SICK, COST], labels)
    assert [f.task for f in found] == ["sick"] * 4 + ["cost"] * 4
    values = {(f.task, f.feature): f.importance for f in found}
    assert found[0].feature == "dose"
    assert values["sick", "dose"] > 0.2
    assert found[4].feature == "site"
    # The R2 lost is twice the share of the variance that the feature explains.
    share = np.var(frame["age"]) / np.var(labels["cost"])
    assert values["cost", "age"] == pytest.approx(2 * share, abs=0.03)
    for unused in ("age", "site", "noise"):
        assert values["sick", unused] == 0


def test_importance_is_that_of_scikit_learn(frame, labels):
    known = ~np.isnan(labels["sick"])
    x, y = frame.loc[known, ["dose", "noise"]], labels["sick"][known]
    model = LogisticRegression().fit(x, y)

    def outputs(rows):
        return {"sick": model.predict_proba(rows)[:, 1]}

    ours = feature_importance(outputs, x, [SICK], {"sick": y}, repeats=40)
    theirs = permutation_importance(
        model, x, y, scoring="roc_auc", n_repeats=40, random_state=0
    )
    dose = next(f for f in ours if f.feature == "dose")
    assert dose.importance == pytest.approx(theirs.importances_mean[0], abs=0.02)
    assert dose.std == pytest.approx(theirs.importances_std[0], rel=0.4)
    assert len(dose.values) == 40


def test_where_less_is_better_importance_is_above_0_too(frame, labels):
    found = feature_importance(
        predict, frame, [SICK, COST], labels, metrics={"sick": "brier", "cost": "mae"}
    )
    assert found[0].importance > 0
    assert (found[0].metric, found[4].metric) == ("brier", "mae")
    assert found[4].importance > 0


def test_columns_of_one_feature_are_shuffled_together(frame, labels):
    seen = []

    def watch(rows):
        seen.append(rows)
        return predict(rows)

    features = {"both": ["dose", "age"]}
    feature_importance(watch, frame, [SICK], labels, features=features, repeats=3)
    assert len(seen) == 2
    pairs = frame.sort_values(["dose"])[["dose", "age"]].to_numpy()
    for repeat in range(3):
        part = seen[1].iloc[400 * repeat : 400 * (repeat + 1)]
        shuffled = part.sort_values(["dose"])[["dose", "age"]].to_numpy()
        np.testing.assert_array_equal(shuffled, pairs)
        assert (part["noise"].to_numpy() == frame["noise"].to_numpy()).all()
        assert (part["dose"].to_numpy() != frame["dose"].to_numpy()).mean() > 0.9
    assert seen[1].dtypes.to_dict() == frame.dtypes.to_dict()


def test_the_same_seed_gives_the_same_numbers_and_many_rows_are_drawn(frame, labels):
    first, second = (
        feature_importance(predict, frame, [SICK], labels, seed=3) for _ in range(2)
    )
    assert first == second
    sizes = []

    def watch(rows):
        sizes.append(len(rows))
        return predict(rows)

    feature_importance(watch, frame, [SICK], labels, repeats=2, max_rows=100)
    assert sizes == [100] + [200] * 4


def test_an_absent_column_is_refused(frame, labels):
    with pytest.raises(ValueError, match="without 'weight'"):
        feature_importance(predict, frame, [SICK], labels, features={"w": ["weight"]})
    with pytest.raises(ValueError, match="repeats"):
        feature_importance(predict, frame, [SICK], labels, repeats=0)
    with pytest.raises(ValueError, match="feature='weight'"):
        predict_over_values(predict, frame, "weight")


def test_partial_dependence_is_that_of_scikit_learn(frame, labels):
    known = ~np.isnan(labels["sick"])
    x, y = frame.loc[known, ["dose", "noise"]], labels["sick"][known]
    model = LogisticRegression().fit(x, y)

    def outputs(rows):
        return {"sick": model.predict_proba(rows)[:, 1]}

    ours = predict_over_values(outputs, x, "dose", values=9, max_rows=None)
    theirs = partial_dependence(
        model, x, ["dose"], custom_values={"dose": np.array(ours.values)}
    )
    np.testing.assert_allclose(ours.means["sick"][:, 0], theirs["average"][0])
    assert len(ours.values) == 9
    assert list(ours.values) == sorted(ours.values)
    assert (ours.low["sick"] <= ours.high["sick"]).all()


def test_values_keep_the_type_of_their_column(frame):
    frame["flag"] = pd.array([True, False, None, True] * 100, dtype="boolean")
    frame["word"] = ["b", None, "a", "b"] * 100
    seen = []

    def watch(rows):
        seen.append(rows.dtypes.to_dict())
        return predict(rows)

    for column, values in (
        ("site", ("a", "b")),
        ("flag", (False, True)),
        ("word", ("a", "b")),
    ):
        found = predict_over_values(watch, frame, column)
        assert found.values == values
        assert not found.is_number
    ages = predict_over_values(watch, frame, "age", values=5)
    assert ages.is_number
    assert len(ages.values) == 5
    assert all(isinstance(age, int) for age in ages.values)
    assert all(dtypes == frame.dtypes.to_dict() for dtypes in seen)
    slope = np.diff(ages.means["cost"][:, 0]) / np.diff(ages.values)
    np.testing.assert_allclose(slope, 1)


def test_a_column_of_missing_cells_has_no_values(frame):
    frame["empty"] = np.nan
    found = predict_over_values(predict, frame, "empty")
    assert (found.values, found.means) == ((), {})
