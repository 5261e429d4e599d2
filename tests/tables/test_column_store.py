"""What a table by its columns keeps when it is cut."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.tables.column_store import ColumnStore, WordColumn
from keras_mtl.tables.disk_array import disk_array

ROWS = 7


def store(words=3, allocate=np.empty):
    generator = np.random.default_rng(words)
    columns = {
        "age": generator.normal(size=ROWS) * 1e3,
        "number": generator.integers(2**53, 2**60, size=ROWS),
        "word": WordColumn(
            [f"word {index}" for index in range(words)],
            generator.integers(-1, words, size=ROWS).astype("int32"),
        ),
        "label": np.zeros(ROWS),
    }
    columns["age"][0] = np.nan
    columns["age"][1] = 1e300
    return ColumnStore(columns, allocate=allocate)


@given(rows=st.integers(1, 2 * ROWS), words=st.sampled_from([1, 128, 129, 40_000]))
def test_parts_hold_the_columns_in_order(rows, words):
    whole = store(words)
    frame = whole.frame()
    parts = whole.cut({"word": False, "age": True, "number": False}, rows)
    assert [len(part) for part in parts[:-1]] == [rows] * (len(parts) - 1)
    together = pd.concat([part.frame() for part in parts], ignore_index=True)
    assert list(together) == ["word", "age", "number"]
    with np.errstate(over="ignore"):
        rounded = frame["age"].to_numpy().astype("float32")
    np.testing.assert_array_equal(together["age"].to_numpy(), rounded)
    assert together["number"].tolist() == frame["number"].tolist()
    pd.testing.assert_series_equal(together["word"], frame["word"])


@pytest.mark.parametrize("allocate", [np.empty, disk_array])
def test_the_whole_is_forgotten(allocate):
    whole = store(allocate=allocate)
    parts = whole.cut({"age": True}, rows=3)
    assert whole.columns == ()
    assert len(whole) == ROWS
    # What lies on a disk need not be cut.
    assert len(parts) == (3 if allocate is np.empty else 1)


def test_no_part_holds_on_to_the_whole():
    for part in store().cut({"age": True, "number": False, "word": False}, rows=3):
        for name in part.columns:
            values = part.frame([name])[name].to_numpy()
            assert values.base is None or len(values.base) <= 3
