"""The keys of partitions are columns of the rows within."""

import numpy as np
import pytest

from keras_mtl.errors import UserError
from keras_mtl.tables import describe_row
from keras_mtl.tables.read_rows import read_rows


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder)


def rows_of(folder, words=()):
    store = read_rows(folder, words, ())
    return {
        name: [None if each != each else each for each in store[name].tolist()]
        for name in store.columns
    }


PARTITIONS = {
    "year=2025/city=New%20York/part-0.csv": "a\n1\n2\n",
    "year=2026/city=Bern/part-0.csv": "a\n3\n",
    "year=2026/city=__HIVE_DEFAULT_PARTITION__/part-0.csv": "a\n4\n",
    "_delta_log/0.json": "{}",
    "other/left-alone.csv": "b\n1\n",
    ".hidden=1/part-0.csv": "b\n1\n",
}


def test_keys_are_columns_behind_those_of_the_files(tmp_path):
    folder = write(tmp_path, PARTITIONS)
    assert rows_of(folder) == {
        "a": [1, 2, 3, 4],
        "year": [2025, 2025, 2026, 2026],
        "city": ["New York", "New York", "Bern", None],
    }
    store = read_rows(folder, (), ())
    assert isinstance(store._columns["year"], np.memmap)
    where = "data row 1 (line 2) of year=2026/city=Bern/part-0.csv"
    assert describe_row(store, 2) == where


def test_keys_of_json_lines_and_of_words(tmp_path):
    files = {
        "month=03/p.jsonl": '{"a": 1}\n',
        "month=11/p.jsonl": '{"a": 2}\n',
    }
    folder = write(tmp_path, files)
    assert rows_of(folder)["month"] == [3, 11]
    assert rows_of(folder, ["month"])["month"] == ["03", "11"]


def test_a_key_that_is_not_always_a_number_is_a_word(tmp_path):
    folder = write(tmp_path, {"v=1/p.csv": "a\n1\n", "v=x/p.csv": "a\n2\n"})
    assert rows_of(folder)["v"] == ["1", "x"]


def test_all_mistakes_are_told(tmp_path):
    files = {
        "year=2025/p.csv": "a\n1\n",
        "year=2026/month=1/p.csv": "a\n1\n",
        "year=2026/p.csv": "a,year\n1,2\n",
    }
    with pytest.raises(UserError) as caught:
        rows_of(write(tmp_path, files))
    text = str(caught.value)
    assert "month=1/p.csv: expected folders of the same keys as those of" in text
    assert "year=2026/p.csv: expected the column 'year' either in the file or" in text


def test_a_mistake_in_a_file_has_its_line(tmp_path):
    folder = write(tmp_path, {"year=2026/p.csv": "a,b\n1\n"})
    with pytest.raises(UserError, match=r"year=2026/p\.csv, data row 1 \(line 2\)"):
        rows_of(folder)
