"""A folder of files is one table, and tells what is wrong with any of them."""

import gzip
import sys

import numpy as np
import pandas as pd
import pytest

from keras_mtl.errors import UserError
from keras_mtl.tables import describe_row, read_csv
from keras_mtl.tables._parquet_file import ParquetFile
from keras_mtl.tables.read_shards import read_shards, read_typed

CUTS = ((0, 13), (13, 14), (14, 120))


@pytest.fixture
def csv_folder(tmp_path, mixed_frame):
    folder = tmp_path / "shards"
    folder.mkdir()
    for number, (start, stop) in enumerate(CUTS):
        part = mixed_frame.iloc[start:stop]
        part.to_csv(folder / f"part-{number}.csv", index=False)
    return folder


def test_the_rows_are_those_of_one_file(csv_folder, mixed_frame, tmp_path):
    (csv_folder / "_SUCCESS").write_text("")
    (csv_folder / ".part-9.csv.crc").write_text("x")
    mixed_frame.to_csv(tmp_path / "one.csv", index=False)
    store = read_shards(str(csv_folder), (), ())
    expected = read_csv(tmp_path / "one.csv", missing_values=())
    pd.testing.assert_frame_equal(store.frame(), expected)
    assert isinstance(store._columns["dose"], np.memmap)


def test_columns_may_be_in_another_order(csv_folder, mixed_frame):
    last = csv_folder / "part-2.csv"
    frame = pd.read_csv(last)
    frame[frame.columns[::-1]].to_csv(last, index=False)
    assert read_shards(str(csv_folder), (), ()).columns == tuple(mixed_frame)


@pytest.mark.filterwarnings("ignore:.*blank line:UserWarning")
def test_a_row_is_named_by_its_file(csv_folder):
    with (csv_folder / "part-1.csv").open("a") as file:
        file.write("\n" + "," * 9 + "\n")
    store = read_shards(str(csv_folder), (), ())
    assert describe_row(store, 0) == "data row 1 (line 2) of part-0.csv"
    assert describe_row(store, 14) == "data row 2 (line 4) of part-1.csv"
    assert describe_row(store, 15) == "data row 1 (line 2) of part-2.csv"


def mistakes_of(folder):
    with pytest.raises(UserError) as caught:
        read_shards(str(folder), (), ())
    return caught.value.messages


def test_all_mistakes_of_all_files_are_told(csv_folder):
    (csv_folder / "part-1.csv").write_text("Site,dose,weight\nBern,1,2\n")
    (csv_folder / "part-2.csv").write_text("a;b\n1;2\n3\n")
    (csv_folder / "part-3.csv").write_bytes(b"\xff\xfe\xfa")
    first, second, third, *others = mistakes_of(csv_folder)
    assert "part-2.csv, data row 2 (line 3): expected 2 fields" in first
    assert "part-3.csv" in second
    assert "part-1.csv: expected the columns of part-0.csv" in third
    assert "'weight' besides" in third
    assert len(others) == 1


def test_another_delimiter_is_told(csv_folder, mixed_frame):
    mixed_frame.to_csv(csv_folder / "part-1.csv", index=False, sep=";")
    (message,) = mistakes_of(csv_folder)
    assert "part-1.csv: expected the delimiter ','" in message


def test_folders_that_can_not_serve(tmp_path):
    (message,) = mistakes_of(tmp_path)
    assert "expected a folder of *.csv, *.jsonl or *.parquet files" in message
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.parquet").write_text("")
    (message,) = mistakes_of(tmp_path)
    assert "expected files of one kind. Received: a.csv and b.parquet" in message


def test_parquet_without_pyarrow_is_told_with_the_mend(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for name in ("a", "b"):
        (tmp_path / f"{name}.parquet").write_text("")
    messages = mistakes_of(tmp_path)
    assert "pip install 'keras-mtl[parquet]'" in messages[0]


class TestParquet:
    """Needs pyarrow, which is an extra."""

    @pytest.fixture(autouse=True)
    def _needs_pyarrow(self):
        pytest.importorskip("pyarrow")

    def test_the_rows_are_those_of_a_csv_file(self, tmp_path, mixed_frame):
        folder = tmp_path / "shards"
        folder.mkdir()
        for number, (start, stop) in enumerate(CUTS):
            part = mixed_frame.iloc[start:stop].reset_index(drop=True)
            part.to_parquet(folder / f"part-{number}.parquet")
        mixed_frame.to_csv(tmp_path / "one.csv", index=False)
        pd.testing.assert_frame_equal(
            read_shards(str(folder), (), ()).frame(),
            read_csv(tmp_path / "one.csv", missing_values=()),
        )

    def test_each_type_is_numbers_or_words(self, tmp_path):
        import pyarrow as pa
        import pyarrow.parquet

        table = pa.table(
            {
                "small": pa.array([1, None], "uint8"),
                "large": pa.array([2**63, 1], "uint64"),
                "half": pa.array([0.5, None], "float32"),
                "money": pa.array([1, 2]).cast(pa.decimal128(25, 2)),
                "truth": pa.array([True, None]),
                "word": pa.array(["a", "?"]).dictionary_encode(),
                "day": pa.array([0, 1], pa.date32()),
                "none": pa.nulls(2),
                "minus": pa.array([-1, 2]),
            }
        )
        path = str(tmp_path / "a.parquet")
        pyarrow.parquet.write_table(table, path)
        file = ParquetFile(path)
        with pytest.warns(UserWarning, match="too large for 64 bits"):
            frame = read_typed(file, (), ("?", "-1")).frame()
        values = {name: frame[name].tolist() for name in frame}
        assert values.pop("large") == [2.0**63, 1.0]
        assert values.pop("money") == [1.0, 2.0]
        assert values.pop("day") == ["1970-01-01", "1970-01-02"]
        np.testing.assert_equal(
            values,
            {
                "small": [1.0, np.nan],
                "half": [0.5, np.nan],
                "truth": ["true", np.nan],
                "word": ["a", np.nan],
                "none": [np.nan, np.nan],
                "minus": [np.nan, 2.0],
            },
        )

    def test_what_is_no_table_of_cells_is_told(self, tmp_path):
        import pyarrow as pa
        import pyarrow.parquet

        table = pa.table({"a": [[1, 2]], "b": [{"c": 1}]})
        pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
        (tmp_path / "b.parquet").write_text("no such thing")
        first, second, third = mistakes_of(tmp_path)
        assert "a.parquet, column 'a': expected numbers" in first
        assert "column 'b'" in second
        assert "b.parquet: expected a Parquet file" in third


def test_packed_files_of_a_folder_are_read(csv_folder, mixed_frame):
    expected = read_shards(str(csv_folder), (), ()).frame()
    for path in csv_folder.glob("*.csv"):
        path.with_suffix(".csv.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    store = read_shards(str(csv_folder), (), ())
    pd.testing.assert_frame_equal(store.frame(), expected)
    assert describe_row(store, 0) == "data row 1 (line 2) of part-0.csv.gz"
