"""Common mistakes in X and y end in one message that says what to change."""

import re

import numpy as np
import pandas as pd
import pytest

import keras_mtl as km

ROWS = 60
ZIP = [f"0{number:04d}" for number in range(ROWS)]
TINY = {"members": 1, "epochs": 1, "trunk": (4,)}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    x = pd.DataFrame(
        {"age": rng.normal(60, 9, ROWS), "site": rng.choice(["north", "south"], ROWS)}
    )
    y = pd.DataFrame({"sick": np.where(x.age > 60, "yes", "no"), "days": x.age / 10})
    return x, y


@pytest.fixture(scope="module")
def fitted(rows):
    return km.MultiTaskEstimator(**TINY).fit(*rows)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pd.to_timedelta(np.arange(ROWS), unit="h"), "total_seconds"),
        ([[1, 2]] * ROWS, "objects of type list. Write each part"),
        (np.ones(ROWS) * 1j, "Pass real and imaginary parts"),
    ],
)
def test_a_column_that_holds_no_plain_cells_is_refused(rows, column, words):
    x, y = rows
    with pytest.raises(km.UserError, match=f"column 'new'.*{words}"):
        km.MultiTaskEstimator(**TINY).fit(x.assign(new=column), y)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y: "sick", "Pass the labels themselves"),
        (lambda y: y[[]], "Pass a column per task"),
        (
            lambda y: y.assign(days=np.nan),
            "column .days.: expected labels.*60 empty",
        ),
        (lambda y: y.assign(sick="yes"), "column 'sick': expected two or more classes"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused(rows, change, words):
    x, y = rows
    with pytest.raises(km.UserError, match=words):
        km.MultiTaskEstimator(**TINY).fit(x, change(y))


def test_messages_name_the_parameters(rows):
    x, y = rows
    estimator = km.MultiTaskEstimator(
        members=0, patience=3, validation_fraction=0, settings={"training": {"seed": 1}}
    )
    with pytest.raises(km.UserError) as caught:
        estimator.fit(x, y)
    assert re.search(r"^members: expected", str(caught.value), re.MULTILINE)
    hiding = {"auxiliary": [{"kind": "reconstruction", "name": "r"}]}
    with pytest.raises(km.UserError) as caught:
        km.MultiTaskEstimator(settings=hiding, **TINY).fit(x, y)
    assert 'settings={"model": {"input_dropout": 0.2}}' in str(caught.value)
    with pytest.warns(km.DataWarning) as warned:
        km.MultiTaskEstimator(**TINY).fit(x.assign(zip=ZIP), y)
    assert 'settings={"inputs": {"drop": ["zip"]}}' in str(warned[0].message)


def test_a_dict_or_a_row_in_place_of_a_table_is_refused(rows, fitted):
    for wrong in ({"age": [60.0], "site": ["north"]}, rows[0].iloc[0]):
        with pytest.raises(km.UserError, match=r"pd\.DataFrame\(X\)"):
            fitted.predict(wrong)


def test_text_in_a_numeric_column_is_not_predicted_as_missing(rows, fitted):
    with pytest.raises(km.UserError, match=r"column .age.: expected numbers.*old"):
        fitted.predict(rows[0].assign(age="old"))


def test_texts_that_mean_missing_are_missing_as_in_a_file(rows, fitted):
    x, _ = rows
    gaps = x.assign(age=x.age.where(x.index > 3))
    texts = gaps.assign(age=gaps.age.astype(object).where(x.index > 3, "?"))
    pd.testing.assert_frame_equal(fitted.predict(texts), fitted.predict(gaps))


def test_other_columns_are_named(rows, fitted):
    x, _ = rows
    with pytest.raises(km.UserError, match=r"Missing: site\. Not in the fit: place\."):
        fitted.predict(x.rename(columns={"site": "place"}))


def test_a_score_without_a_task_does_not_take_another_ones_labels(rows, fitted):
    x, y = rows
    for name, other in (("sick", "days"), ("days", "sick")):
        with pytest.raises(km.UserError, match=f"Received: {name}, without {other}"):
            fitted.score(x, y[[name]])


def test_columns_of_y_may_have_any_name(rows):
    x, y = rows
    y = y.set_axis(["is sick?", "days (d)"], axis=1)
    estimator = km.MultiTaskEstimator(**TINY).fit(x, y)
    assert estimator.predict(x).columns.tolist() == ["is sick?", "days (d)"]
    assert [task.name for task in estimator.model_.tasks] == ["is_sick", "days_d"]
    assert list(estimator.classes_) == ["is sick?"]
    assert np.isfinite(estimator.score(x, y))
