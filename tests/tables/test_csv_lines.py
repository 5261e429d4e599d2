"""Skipping plain lines finds what reading all of them finds."""

import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.tables import _csv_file as csv_file
from keras_mtl.tables import _csv_lines as csv_lines
from keras_mtl.tables._csv_structure import scan_structure
from keras_mtl.tables._read_columns import read_columns

LINES = st.sampled_from(
    [
        *["1,2", "3,4", "5", "6,7,8", "", " ", ",", "é,ü", "1,2\r", "1,2,"],
        *['"a,b",c', '"a\nb",c', '"a""b",c', '"open', '\t"x",y'],
        *['"a","b"', '"a""","""b"', '"",""', 'a"b,c', '"a"b,c', '"a" ,b', ' "a",b'],
        *['"a\r\nb",c', '"a""', '"a"",b"', '""a,b', '"a"'],
    ]
)


@given(
    lines=st.lists(LINES, max_size=12),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
    block=st.sampled_from([1, 7, 30, 1 << 22]),
)
def test_what_is_skipped_changes_nothing(tmp_path_factory, lines, end, last, block):
    path = tmp_path_factory.mktemp("lines") / "a.csv"
    text = end.join(["a,b", *lines]) + (end if last else "")
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_lines, "BLOCK", block)
        found = scan_structure(path)
        patch.setattr(csv_lines.CsvLines, "skip_plain", lambda self, width: 0)
        expected = scan_structure(path)
    assert found.errors == expected.errors
    assert found.skipped_records == expected.skipped_records
    assert found.fields == expected.fields
    assert found.blank_lines == expected.blank_lines
    assert found.lone_returns == expected.lone_returns
    rows = range(1, len(expected.lines) + 1)
    assert [found.lines[row] for row in rows] == [expected.lines[row] for row in rows]
    assert len(found.lines) == len(expected.lines)


def test_plain_lines_are_skipped(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 1000)
    with csv_lines.open_lines(path, "utf-8-sig", ",") as text:
        reader = csv.reader(text)
        assert next(reader) == ["a", "b"]
        assert text.skip_plain(2) == 1000
        assert list(reader) == [[csv_lines.END]]


# Not integers beyond 64 bits: whether white space beside one within quotes is told
# depends on where the file is cut, as it always did.
CELLS = st.sampled_from(
    [
        *["1", "-3", "+5", "007", "1.5", ".5", "1e400", "1E5", "inf", "nan", "NA", ""],
        *["9007199254740993", "True", "a", "é", " 4", "b ", "1,5", '"'],
        *["2024-01-31", "1_000", "0x10", "a, b", "?"],
    ]
)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
    block=st.sampled_from([1, 30, 100]),
)
def test_parts_read_at_the_same_time_are_what_is_read_one_by_one(
    tmp_path_factory, rows, end, quoting, encoding, block
):
    path = tmp_path_factory.mktemp("parts") / "a.csv"
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, lineterminator=end, quoting=quoting)
        writer.writerows([("a", "b", "c"), *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "CELLS_A_PART", 6)
        patch.setattr(csv_lines, "BLOCK", block)
        file = csv_file.CsvFile(str(path))
        missing = {"", "NA", "?"}
        found, notes = read_columns([file], ["c", "a", "b"], ("b",), missing)
        patch.setattr(csv_lines.CsvLines, "skip_plain", lambda self, width: 0)
        careful = csv_file.CsvFile(str(path))
        assert not careful.structure.plain
        expected, same = read_columns([careful], ["c", "a", "b"], ("b",), missing)
    assert file.rows == len(rows)
    pd.testing.assert_frame_equal(found.frame(), expected.frame())
    assert notes == same


def test_the_parts_of_a_plain_file_are_read_on_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_lines, "BLOCK", 100)
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"x, y"\n' + "2,z\n" * 500)
    file = csv_file.CsvFile(str(path))
    assert len(file.structure.plain) > 10
    assert sum(map(len, file.parts(["a", "b"], (), {""}))) == file.rows == 501
    with path.open("a") as stream:
        stream.write('3,"u\nv"\n')
    assert not csv_file.CsvFile(str(path)).structure.plain
