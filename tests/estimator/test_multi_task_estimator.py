"""The estimator: scikit-learn's tools, gaps in y, and the numbers of the command."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

import keras_mtl as km
from keras_mtl.configuration import build_config
from keras_mtl.runs.predictions import predict_frame
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.train import train_run

TINY = {"members": 2, "epochs": 2, "trunk": (4,)}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    x = pd.DataFrame(
        {
            "age": rng.normal(size=120),
            "site": rng.choice(["north", "south"], 120),
        },
        index=np.arange(120) + 1000,
    )
    y = pd.DataFrame(
        {
            "sick": np.where(x.age > 0, "yes", "no"),
            "grade": rng.integers(1, 4, 120).astype("float64"),
            "days": x.age * 2 + rng.normal(size=120),
        },
        index=x.index,
    )
    y.iloc[:10, 1] = np.nan
    y.iloc[5:20, 2] = np.nan
    return x, y


@pytest.fixture(scope="module")
def fitted(rows):
    return km.MultiTaskEstimator(**TINY).fit(*rows)


def test_predictions_have_the_labels_and_the_index_of_the_data(rows, fitted):
    x, y = rows
    predictions = fitted.predict(x)
    assert predictions.index.equals(x.index)
    assert [each.kind for each in fitted.targets_] == [
        "binary",
        "multiclass",
        "regression",
    ]
    assert set(predictions["sick"]) <= {"yes", "no"}
    assert set(predictions["grade"]) <= {1, 2, 3}
    probabilities = fitted.predict_proba(x)
    assert list(probabilities) == ["sick", "grade"]
    for name, each in probabilities.items():
        np.testing.assert_allclose(each.sum(axis=1), 1, atol=1e-6)
        best = fitted.classes_[name][each.argmax(axis=1)]
        assert (predictions[name].to_numpy() == best).all()
    assert np.isfinite(fitted.score(x, y))


def test_names_of_labels_that_are_numbers_are_given_back(rows):
    x, y = rows
    numbered = y.set_axis([2019, "grade", 7.5], axis=1)
    kinds = {7.5: "regression", "2019": "multiclass"}
    estimator = km.MultiTaskEstimator(kinds, **TINY).fit(x, numbered)
    assert estimator.predict(x).columns.tolist() == [2019, "grade", 7.5]
    assert [(each.name, each.kind) for each in estimator.targets_] == [
        (2019, "multiclass"),
        ("grade", "multiclass"),
        (7.5, "regression"),
    ]
    assert list(estimator.classes_) == [2019, "grade"]
    assert list(estimator.predict_proba(x)) == [2019, "grade"]
    # A file of the same rows has the names as texts.
    score = estimator.score(x, numbered)
    assert score == estimator.score(x, numbered.set_axis(map(str, numbered), axis=1))
    assert score == estimator.score(x, numbered[[7.5, "grade", 2019]])


def test_a_number_and_its_text_are_not_names_of_two_labels(rows):
    x, y = rows
    with pytest.raises(km.UserError, match="'2019' twice"):
        km.MultiTaskEstimator(**TINY).fit(x, y.set_axis([2019, "2019", "a"], axis=1))


def test_a_pickled_estimator_predicts_the_same(rows, fitted):
    again = pickle.loads(pickle.dumps(fitted))
    pd.testing.assert_frame_equal(again.predict(rows[0]), fitted.predict(rows[0]))


def test_the_model_alone_has_the_words_of_y(rows, fitted):
    assert fitted.model_.task("sick").class_names == tuple(fitted.classes_["sick"])


def test_a_clone_has_the_parameters_and_no_fit(fitted):
    assert clone(fitted).get_params() == fitted.get_params()
    assert not hasattr(clone(fitted), "model_")
    assert "MultiTaskEstimator" in fitted._repr_html_()


def test_the_numbers_are_those_of_the_command(rows, tmp_path):
    x, y = rows
    y = y[["sick", "days"]].assign(sick=(y["sick"] == "yes").astype(int))
    for name in ("train", "test"):
        pd.concat([x, y], axis=1).to_csv(tmp_path / f"{name}.csv", index=False)
    config = build_config(
        {
            "seed": 3,
            "data": {
                "path": str(tmp_path / "train.csv"),
                "test_path": str(tmp_path / "test.csv"),
            },
            "tasks": [
                {"kind": "binary", "name": "sick"},
                {"kind": "regression", "name": "days"},
            ],
            "model": {"trunk": [4]},
            "training": {"members": 2, "epochs": 2},
        }
    )
    with pytest.warns(km.DataWarning, match="like a training"):
        run = train_run(prepare_data(config))
    estimator = km.MultiTaskEstimator(**TINY, random_state=3).fit(x, y)
    expected = predict_frame(run.model, x)
    np.testing.assert_array_equal(
        estimator.predict_proba(x)["sick"][:, 1], expected["sick"][:, 0]
    )
    np.testing.assert_array_equal(
        estimator.predict(x)["days"].to_numpy("float32"), expected["days"][:, 0]
    )


def test_errors_are_reported_all_at_once(rows):
    x, y = rows
    with pytest.raises(km.UserError) as raised:
        km.MultiTaskEstimator(kinds={"sick": "regression", "dys": "binary"}).fit(x, y)
    assert len(raised.value.messages) == 2


@pytest.mark.parametrize(
    "name",
    [
        "check_all_zero_sample_weights_error",
        "check_estimators_empty_data_messages",
    ],
)
def test_checks_of_scikit_learn_that_need_no_training(name):
    if not hasattr(estimator_checks, name):
        pytest.skip("This version of scikit-learn has no such check.")
    check = getattr(estimator_checks, name)
    check("MultiTaskEstimator", km.MultiTaskEstimator(**TINY))


@pytest.mark.slow
def test_the_tools_of_scikit_learn_take_it(rows):
    x, y = rows
    scaled = ColumnTransformer(
        [("age", StandardScaler(), ["age"])], remainder="passthrough"
    ).set_output(transform="pandas")
    pipeline = make_pipeline(scaled, km.MultiTaskEstimator(**TINY))

    def accuracy(estimator, x, y):
        return float((estimator.predict(x)["sick"] == y["sick"]).mean())

    def error(estimator, x, y):
        return -float((estimator.predict(x)["days"] - y["days"]).abs().mean())

    once = ShuffleSplit(1, test_size=0.3, random_state=0)
    scores = cross_validate(
        pipeline, x, y, cv=once, scoring={"sick": accuracy, "days": error}
    )
    assert np.isfinite(scores["test_sick"]).all()
    assert np.isfinite(scores["test_days"]).all()
    grid = {"multitaskestimator__trunk": [(2,), (4,)]}
    search = GridSearchCV(pipeline, grid, cv=once, error_score="raise").fit(x, y)
    assert search.predict(x).shape == y.shape
