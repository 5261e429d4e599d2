"""Skipping plain lines finds what reading all of them finds."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.tables import _csv_lines as csv_lines
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
