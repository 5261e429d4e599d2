"""DataFrames are read as files of the same rows."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from keras_mtl.errors import UserError
from keras_mtl.tables.data_frame import read_data_frame, same_kind
from keras_mtl.tables.read_rows import read_rows

KINDS = ("pandas", "polars", "pyarrow")

CELLS = {
    "whole": [1, 2, 2**40],
    "gaps": [1, None, 3],
    "fractions": [1.5, float("nan"), None],
    "words": ["a", None, "?"],
    "flags": [True, None, False],
    "days": [datetime.date(2026, 1, 31), None, datetime.date(2026, 2, 1)],
    "times": [datetime.datetime(2026, 1, 31), None, datetime.datetime(2026, 2, 1)],
    "hours": [datetime.datetime(2026, 1, 31, 5), None, datetime.datetime(2026, 2, 1)],
    "doses": ["1 mg", "2.5 mg", None],
    "prices": [decimal.Decimal("1.25"), None, decimal.Decimal("2.00")],
    "empty": [None, None, None],
}
READ = {
    "whole": [1, 2, 2**40],
    "gaps": [1, None, 3],
    "fractions": [1.5, None, None],
    "words": ["a", None, None],
    "flags": ["true", None, "false"],
    "days": ["2026-01-31", None, "2026-02-01"],
    "times": ["2026-01-31", None, "2026-02-01"],
    "hours": ["2026-01-31T05:00:00", None, "2026-02-01T00:00:00"],
    "doses": [1.0, 2.5, None],
    "prices": [1.25, None, 2],
    "empty": [None, None, None],
}


def table_of(kind, cells):
    library = pytest.importorskip(kind)
    if kind == "polars":
        return library.DataFrame(cells, strict=False)
    return library.table(cells) if kind == "pyarrow" else library.DataFrame(cells)


def values_of(store, name):
    return [None if value != value else value for value in store[name].tolist()]


@pytest.mark.filterwarnings("ignore::keras_mtl.errors.DataWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_cells_of_all_types_are_read_alike(kind):
    store = read_data_frame(table_of(kind, CELLS), "table", numbers=["doses"])
    assert {name: values_of(store, name) for name in READ} == READ
    assert store["whole"].dtype == "int64"


@pytest.mark.parametrize("kind", KINDS)
def test_the_rows_of_a_file_are_the_rows_of_its_table(kind, mixed_frame, tmp_path):
    mixed_frame.to_csv(tmp_path / "rows.csv", index=False)
    words = {"Site"}
    file = read_rows(str(tmp_path / "rows.csv"), words, ["II"])
    cells = {
        name: mixed_frame[name].astype(object).where(mixed_frame[name].notna(), None)
        for name in mixed_frame
    }
    table = table_of(kind, {name: cell.tolist() for name, cell in cells.items()})
    store = read_data_frame(table, "table", words, ["II"])
    pd.testing.assert_frame_equal(store.frame(), file.frame())


def test_categories_and_nullable_types_are_read_by_their_values():
    frame = pd.DataFrame(
        {
            "category": pd.Series(["a", None, "b"], dtype="category"),
            "nullable": pd.Series([1, None, 3], dtype="Int64"),
            "flag": pd.Series([True, None, False], dtype="boolean"),
            "mixed": pd.Series([1, "a", True], dtype=object),
        }
    ).set_axis([7, 7, 7])
    store = read_data_frame(frame, "table")
    assert values_of(store, "category") == ["a", None, "b"]
    assert values_of(store, "nullable") == [1, None, 3]
    assert values_of(store, "flag") == ["true", None, "false"]
    assert values_of(store, "mixed") == ["1", "a", "true"]


def test_numbers_that_mean_missing_are_masked_in_a_copy():
    frame = pd.DataFrame({"age": [63.0, -9.0]})
    assert values_of(read_data_frame(frame, "t", missing=["-9"]), "age") == [63, None]
    assert frame["age"].tolist() == [63.0, -9.0]


def test_all_columns_that_are_no_cells_are_named_at_once():
    frame = pd.DataFrame({"a": [[1]], "b": [datetime.timedelta(1)], "c": [1]})
    with pytest.raises(UserError) as caught:
        read_data_frame(frame, "table")
    assert len(caught.value.messages) == 2


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros((2, 2)), "Pass pandas.DataFrame"),
        ([1], "Pass pandas.DataFrame"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "a name twice, among a, a"),
        (pd.DataFrame([[1, 2]], columns=[0, "0"]), "differ by more than"),
        (pd.DataFrame({"a": []}), "no data rows"),
        (pd.DataFrame(), "no data rows"),
    ],
)
def test_what_is_no_table_of_rows_is_refused(table, message):
    with pytest.raises(UserError, match=message):
        read_data_frame(table, "table")


def test_a_lazy_table_is_refused_with_the_fix():
    polars = pytest.importorskip("polars")
    with pytest.raises(UserError, match=r"table.collect\(\)"):
        read_data_frame(polars.LazyFrame({"a": [1]}), "table")


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_of_the_kind_of_the_table(kind):
    table = table_of(kind, {"a": [1]})
    answers = pd.DataFrame({"row": [0, 1], "p": [0.5, np.nan], "word": ["x", None]})
    made = same_kind(answers, table)
    assert type(made) is type(table)
    assert [values_of(read_data_frame(made, "t"), name) for name in answers] == [
        [0, 1],
        [0.5, None],
        ["x", None],
    ]
