"""Kinds and names of features are found in the data."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keras_mtl as km
from keras_mtl.errors import DataWarning
from keras_mtl.features import NumericFeature, feature_name, infer_features


def kinds(**columns):
    features = infer_features(pd.DataFrame(columns))
    return {feature.column_name: feature.kind for feature in features}


def test_kinds():
    assert kinds(
        number=[1.5, 2.0, None],
        whole=[3, 1, 2],
        truth=["TRUE", None, "false"],
        yes=["y", "N", "y"],
        word=["a", "b", None],
        code=["a1", "2", "3"],
    ) == {
        "number": "numeric",
        "whole": "numeric",
        "truth": "boolean",
        "yes": "boolean",
        "word": "categorical",
        "code": "categorical",
    }


def test_text_among_numbers_is_a_mistake_rather_than_a_category():
    assert kinds(a=["1", "2", "3", "4", "oops"]) == {"a": "numeric"}


def test_numbers_among_one_other_word_are_told():
    column = [str(number) for number in range(10)] + ["."] * 5
    with pytest.warns(DataWarning, match=r"but for '\.' in 5 rows.*\(--missing \.\)"):
        assert kinds(a=column) == {"a": "categorical"}
    assert kinds(a=["1", "2", "3", "x"] * 3) == {"a": "categorical"}


def test_counters_and_prose_are_left_out_with_a_warning():
    rows = 100
    frame = pd.DataFrame(
        {
            "id": np.arange(rows) + 7,
            "note": [f"text {i}" for i in range(rows)],
            "x": np.arange(rows) % 9,
        }
    )
    with pytest.warns(DataWarning) as caught:
        features = infer_features(frame)
    assert [feature.name for feature in features] == ["x"]
    assert [str(warning.message).split()[1] for warning in caught] == ["'id'", "'note'"]


def test_declared_features_keep_place_and_kind():
    frame = pd.DataFrame({"a": ["x"], "b": [1], "c": [2]})
    declared = NumericFeature("bee", column="b", missing_values=(0,))
    features = infer_features(frame, exclude=["c"], declared=[declared])
    assert [feature.name for feature in features] == ["a", "bee"]
    assert features[1] is declared


@pytest.mark.parametrize("column", ["id", "my key"])
def test_an_identifier_is_left_out_unless_it_is_declared(column):
    frame = pd.DataFrame({column: [3 * 7**i % 1009 for i in range(60)], "a": 0.5})
    with pytest.warns(DataWarning, match="looks like an identifier") as warned:
        features = infer_features(frame)
    assert [feature.column_name for feature in features] == ["a"]
    flag = "--numeric id" if column == "id" else "--numeric 'my key'"
    assert flag in str(warned[0].message)
    declared = NumericFeature("key", column=column)
    assert len(infer_features(frame, declared=[declared])) == 2


def test_what_looks_like_dates_of_no_one_format_is_reported():
    frame = pd.DataFrame(
        {
            "visit": [f"2024-01-{day:02}" for day in range(1, 32)] + ["2024-02-31"],
            "created_date": [10**7 + day for day in range(32)],
        }
    )
    with pytest.warns(DataWarning, match="looks like dates") as warned:
        features = infer_features(frame.loc[[*range(32)] * 2])
    assert [feature.kind for feature in features] == ["categorical", "numeric"]
    assert len(warned) == 2
    assert "--drop visit" in str(warned[0].message)


NAMES = st.lists(st.text(min_size=1, max_size=8), max_size=8, unique=True)


@given(NAMES | st.permutations(["self", "class", "Age", "age", "row", "größe", "日本"]))
def test_names_are_valid_and_unique_in_any_case(columns):
    frame = pd.DataFrame([[0.5] * len(columns)], columns=columns)
    features = infer_features(frame)
    assert [feature.column_name for feature in features] == columns
    names = [feature.name for feature in features]
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) for name in names)
    assert len({name.lower() for name in names}) == len(names)


def test_a_name_that_can_serve_stays_and_others_stay_readable():
    assert feature_name("age") == "age"
    assert feature_name("Blutdruck (mmHg)") == "Blutdruck_mmHg"
    assert feature_name("café au lait") == "cafe_au_lait"
    assert feature_name("1st") == "feature_1st"
    assert feature_name("class") == "feature_class"


def register_shares(doubt=""):
    @km.register_feature_kind("share")
    @km.declaration
    class ShareFeature(km.NumericFeature):
        @classmethod
        def matches(cls, column):
            return column.is_numeric and bool(column.present.between(0, 1).all())

        @classmethod
        def doubt(cls, column):
            return doubt

    return ShareFeature


def test_a_kind_from_outside_is_asked_before_the_built_in_ones():
    frame = pd.DataFrame(
        {"a": [0.5, 0.25, None], "b": [0.5, 2.0, 3.0], "c": list("xyx")}
    )
    before = [feature.kind for feature in infer_features(frame)]
    share = register_shares()
    features = infer_features(frame)
    assert before == ["numeric", "numeric", "categorical"]
    assert [feature.kind for feature in features] == ["share", "numeric", "categorical"]
    assert isinstance(features[0], share)


def test_a_kind_from_outside_may_leave_a_column_out():
    register_shares(doubt="holds weights of rows")
    frame = pd.DataFrame({"a": [0.5, 0.25], "b": [0.5, 2.0]})
    with pytest.warns(
        DataWarning, match=r"'a' holds weights.*Declare it share to keep"
    ):
        features = infer_features(frame)
    assert [feature.column_name for feature in features] == ["b"]
