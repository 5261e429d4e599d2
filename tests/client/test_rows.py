"""Cells become what `predict` makes of them."""

import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.client._rows import read_input_rows
from keras_mtl.client.model_description import InputColumn
from keras_mtl.errors import UserError
from keras_mtl.features import CategoricalFeature, NumericFeature
from keras_mtl.tables.data_frame import read_data_frame

WORDS = [InputColumn("a", "a", "string")]
NUMBERS = [InputColumn("a", "a", "float32")]
DAY = datetime.date(2026, 11, 22)
NOON = datetime.datetime(2026, 11, 22, 12)
MIDNIGHT = datetime.datetime(2026, 11, 22)


def words(table):
    return read_input_rows(table, WORDS).values["a"].tolist()


@pytest.mark.parametrize(
    "cells",
    [
        ["male", None, "x y"],
        [1, None, 3],
        [1.0, 2.5, float("nan")],
        [True, False],
        [True, None],
        [DAY, None],
        [NOON, MIDNIGHT],
        [MIDNIGHT, None],
    ],
)
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_words_are_those_of_predict(cells, make):
    table = make({"a": cells})
    store = read_data_frame(table, "table", words=["a"])
    expected = CategoricalFeature("a").to_array(store["a"]).tolist()
    assert words(table) == expected
    assert words([{"a": cell} for cell in cells]) == expected


@given(st.lists(st.floats() | st.integers(-(2**70), 2**70) | st.none(), min_size=1))
def test_numbers_are_those_of_predict(cells):
    read = read_input_rows([{"a": cell} for cell in cells], NUMBERS).values["a"]
    plain = pd.Series([np.nan if cell is None else float(cell) for cell in cells])
    np.testing.assert_array_equal(
        read.astype("float32"), NumericFeature("a").to_array(plain)
    )


def test_texts_and_decimals_are_numbers_and_missing_words_are_missing():
    cells = ["63", " 2.5 ", "?", "", None, decimal.Decimal("1.5"), pd.NA, 1e300]
    read = read_input_rows([{"a": cell} for cell in cells], NUMBERS).values["a"]
    expected = [63, 2.5, *[np.nan] * 3, 1.5, np.nan, np.inf]
    np.testing.assert_array_equal(read, expected)


def test_cells_that_are_no_numbers_are_told_with_their_rows():
    rows = [{"a": cell} for cell in (1, "old", True, [2], "3 mg", 4)]
    with pytest.raises(UserError, match=r"'old' in row 1, True in row 2.*and 1 more"):
        read_input_rows(rows, NUMBERS)


@pytest.mark.parametrize(
    ("table", "remedy"),
    [
        ({"a": [1]}, r"Pass one row as \[row\]"),
        (pl.LazyFrame({"a": [1]}), r"Pass table.collect\(\)"),
        ([1, 2], "Write a row as"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "Rename all but one"),
        (np.zeros((2, 2)), "Pass a DataFrame"),
        ([{"a": {"b": 1}}], "a column of its own"),
    ],
)
def test_what_is_no_table_is_refused_with_the_remedy(table, remedy):
    with pytest.raises(UserError, match=remedy):
        read_input_rows(table, WORDS)
