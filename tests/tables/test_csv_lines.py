"""Skipping plain lines finds what reading all of them finds."""

import csv
import warnings

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.errors import UserError
from keras_mtl.tables import _csv_file as csv_file
from keras_mtl.tables import _csv_lines as csv_lines
from keras_mtl.tables import _csv_structure as csv_structure
from keras_mtl.tables import read_csv
from keras_mtl.tables._csv_structure import scan_structure

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
    assert found.fields == expected.fields
    assert found.blank_lines == expected.blank_lines
    assert found.lone_returns == expected.lone_returns
    rows = range(1, len(expected.lines) + 1)
    assert [found.lines[row] for row in rows] == [expected.lines[row] for row in rows]
    assert len(found.lines) == len(expected.lines)


def test_plain_lines_are_skipped(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 1000)
    with csv_lines.open_lines(path, ",") as text:
        reader = csv.reader(text)
        assert next(reader) == ["a", "b"]
        assert text.skip_plain(2) == 1000
        assert list(reader) == [[csv_lines.END]]


CELLS = st.sampled_from(
    [
        *["1", "-3", "+5", "007", "1.5", ".5", "1e400", "1E5", "inf", "nan", "NA", ""],
        *["9007199254740993", "9223372036854775808", "-9223372036854775809"],
        *["99999999999999999999", "True", "a", "é", " 4", "b ", " NA", "1,5", '"'],
        *["2024-01-31", "1_000", "0x10", "a, b", "?", "x\ny", "x\r\n", "\u00a04"],
        *["1.234,5", "5 mg", "\ufeff7", "\t4", "4\n"],
    ]
)
# Of which a blank line, a field more, quotes and white space are read, and a field
# less is not.
ODD_LINES = st.sampled_from(["", "  ", "1,2,3,", ' "a",2, 3', 'a"b,c,"d"', ",,", "1,2"])


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS) | ODD_LINES, min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    first=st.sampled_from(["", "sep=,", ""]),
    block=st.sampled_from([1, 7, 30, 100]),
    stretch=st.sampled_from([1, 20, 1 << 20]),
    cells=st.sampled_from([1, 6, 1_000_000]),
)
def test_where_a_file_is_cut_changes_nothing(
    tmp_path_factory, rows, end, quoting, encoding, first, block, stretch, cells
):
    path = tmp_path_factory.mktemp("cuts") / "a.csv"
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, lineterminator=end, quoting=quoting)
        if first:
            stream.write(first + end)
        for row in [("a", "b", "c"), *rows]:
            if isinstance(row, str):
                stream.write(row + end)
            else:
                writer.writerow(row)
    with pytest.MonkeyPatch.context() as patch:
        # Line by line, and then in one part.
        patch.setattr(csv_lines.CsvLines, "skip_plain", lambda self, width: 0)
        expected = told(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_lines, "BLOCK", block)
        patch.setattr(csv_structure, "LONGEST_STRETCH", stretch)
        patch.setattr(csv_file, "CELLS_A_PART", cells)
        found = told(path)
    assert found[1:] == expected[1:]
    if expected[0] is not None:
        pd.testing.assert_frame_equal(found[0], expected[0])


def told(path):
    """Returns what is read, the errors and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            frame = read_csv(path, text_columns=["b"], missing_values=("NA", "?"))
        except UserError as error:
            return None, [], list(error.messages)
    lines = [frame.attrs["lines"][row + 1] for row in range(len(frame))]
    return frame, lines, [str(warning.message) for warning in caught]


def test_an_odd_line_costs_its_block_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_lines, "BLOCK", 100)
    monkeypatch.setattr(csv_structure, "LONGEST_STRETCH", 100)
    monkeypatch.setattr(csv_file, "CELLS_A_PART", 60)
    path = tmp_path / "a.csv"
    odd = '3,"u\nv"\n\n4,5"\n'
    path.write_text('a,b\n1,"x, y"\n' + "2,z\n" * 500 + odd + "2,z\n" * 500)
    counted = []
    skip_plain = csv_lines.CsvLines.skip_plain
    monkeypatch.setattr(
        csv_lines.CsvLines,
        "skip_plain",
        lambda self, width: counted.append(skip_plain(self, width)) or counted[-1],
    )
    file = csv_file.CsvFile(str(path))
    assert sum(counted) > 900
    parts = list(file.parts(["a", "b"], (), {""}))
    assert len(parts) > 10
    assert sum(map(len, parts)) == file.rows == 1003
