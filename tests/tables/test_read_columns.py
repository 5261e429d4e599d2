"""However the rows are cut into parts, the columns are the same."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.splits.row_groups import row_hashes
from keras_mtl.tables._clean_values import strip_words
from keras_mtl.tables._csv_file import CsvFile
from keras_mtl.tables._read_columns import read_columns
from keras_mtl.tables.column_store import (
    ColumnBuilder,
    ColumnStore,
    WordColumn,
    rows_between,
)
from keras_mtl.tables.disk_array import disk_array

CELLS = st.sampled_from(
    [
        *["1", "2", "-3", "1.5", "07", "", "?", "a", "True", "1e400", " 4", "b "],
        *["9007199254740993", "9223372036854775808", "1,5", "inf", "nan"],
    ]
)


class Parts:
    """A stand-in for a file: a CSV file of each part, read by pandas."""

    def __init__(self, folder, cells, cuts):
        bounds = [0, *cuts, len(cells)]
        self.files = []
        for start, stop in itertools.pairwise(bounds):
            if start < stop:
                path = folder / f"{start}.csv"
                frame = pd.DataFrame({"a": cells[start:stop], "b": "x"})
                frame.to_csv(path, index=False)
                self.files.append(CsvFile(str(path)))


@given(cells=st.lists(CELLS, min_size=1, max_size=12), data=st.data())
def test_cuts_change_nothing(tmp_path_factory, cells, data):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(cells)), max_size=3)))
    text = data.draw(st.sampled_from([(), ("a",)]))
    folder = tmp_path_factory.mktemp("parts")
    whole = Parts(folder, cells, []).files
    (folder / "cut").mkdir()
    several = Parts(folder / "cut", cells, cuts).files
    missing = {"", "?"}
    one, notes = read_columns(whole, ["a"], text, missing)
    many, same_notes = read_columns(several, ["a"], text, missing, allocate=disk_array)
    pd.testing.assert_frame_equal(one.frame(), many.frame())
    assert notes == same_notes


@pytest.mark.parametrize(
    ("others", "told"),
    [(["1"], True), ([""], True), (["1.5"], False), (["inf"], False)],
)
def test_large_integers_are_told_however_they_are_cut(others, told, tmp_path):
    cells = [*others, str(2**63), *others]
    for cuts in ([], [1], [2], [1, 2]):
        files = Parts(tmp_path, cells, cuts).files
        store, notes = read_columns(files, ["a"], (), {""})
        assert store["a"][1] == 2.0**63
        assert any("too large for 64 bits" in note for note in notes) == told


def test_numbers_before_the_first_word_are_kept_as_written(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_mtl.tables._csv_file.ROWS_SEEN_FIRST", 2)
    monkeypatch.setattr("keras_mtl.tables._csv_file.CELLS_A_PART", 2)
    path = tmp_path / "codes.csv"
    path.write_text("code,age\n" + "007,1\n" * 5 + "x,2\nTrue,2.5\n")
    store, _ = read_columns([CsvFile(str(path))], ["code", "age"], (), {""})
    assert store["code"].tolist() == ["007"] * 5 + ["x", "True"]
    assert store["age"].tolist() == [1.0] * 5 + [2.0, 2.5]


def test_whole_numbers_keep_all_digits_until_one_is_missing():
    large = 2**53 + 1
    builder = ColumnBuilder(2, np.empty, text=False)
    for part in ([large], [1]):
        builder.add(pd.Series(part))
    assert builder.finish().tolist() == [large, 1]
    builder = ColumnBuilder(2, np.empty, text=False)
    for part in ([large], [np.nan]):
        builder.add(pd.Series(part))
    assert builder.finish().dtype == "float64"


def test_words_that_are_alike_without_white_space_are_one():
    column = WordColumn(["a", " a", "?", "b"], np.array([0, 1, 2, 3, -1], "int32"))
    cleaned, notes = strip_words(column, {"?"})
    assert cleaned.words == ["a", "b"]
    assert cleaned.codes.tolist() == [0, 0, -1, 1, -1]
    assert notes == ["removed white space around values"]


@pytest.fixture
def store():
    return ColumnStore(
        {
            "age": np.array([63, 67, 63]),
            "sex": WordColumn(["f", "m"], np.array([1, -1, 0], "int32")),
        }
    )


def test_a_store_is_a_frame_in_parts(store):
    whole = store.frame()
    assert whole.dtypes.astype(str).tolist() == ["int64", "str"]
    for rows in (whole, store):
        part = rows_between(rows, 1, 3, ["sex", "age", "height"])
        pd.testing.assert_frame_equal(part, whole[["sex", "age"]].iloc[1:3])
    assert store.frame(rows=np.array([2, 0])).index.tolist() == [2, 0]


def test_masked_cells_are_missing(store):
    store.mask("age", np.array([True, False, False]))
    store.mask("sex", np.array([True, False, False]))
    assert store.frame().isna().to_numpy().tolist() == [
        [True, True],
        [False, True],
        [False, False],
    ]


def test_joined_columns_have_the_rows_of_both(store):
    other = ColumnStore({"age": np.array([1.5]), "sex": np.array([1])})
    joined = store.join(other, ["sex", "age"])
    assert joined["age"].tolist() == [63.0, 67.0, 63.0, 1.5]
    assert joined["sex"].tolist()[2:] == ["f", "1"]
    alone = store.join(ColumnStore({"sex": np.array([1])}), ["age"])
    assert np.isnan(alone["age"].iloc[-1])


def test_a_disk_array_has_no_name_and_holds_what_is_written():
    array = disk_array((3, 2), "float32")
    array[1] = 5
    assert isinstance(array, np.memmap)
    assert array.filename is None
    assert array.tolist() == [[0, 0], [5, 5], [0, 0]]


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([0.0, -0.0, 1.0, np.nan, -np.nan, 1e-300]),
            st.integers(-2, 2),
            st.sampled_from(["a", "b", None]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_rows_have_one_hash_exactly_if_they_are_identical(rows):
    frame = pd.DataFrame(rows, columns=["x", "n", "w"])
    hashes = row_hashes(frame, ["x", "n", "w"])
    same = frame.groupby(["x", "n", "w"], dropna=False, sort=False).ngroup()
    assert pd.factorize(hashes)[0].tolist() == same.tolist()


def test_hashes_tell_columns_apart():
    frame = pd.DataFrame({"a": [1, 2], "b": [2, 1]})
    first, second = row_hashes(frame, ["a", "b"])
    assert first != second
