"""Rows are named as a user finds them in the file."""

import copy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.tables import LineNumbers, describe_row


@given(st.lists(st.integers(1, 4), max_size=40))
def test_every_line_is_found_again(steps):
    expected = np.cumsum([1, *steps])[1:].tolist()
    lines = LineNumbers()
    for line in expected:
        lines.append(line)
    assert len(lines) == len(expected)
    assert [lines[row] for row in range(1, len(lines) + 1)] == expected


@pytest.mark.parametrize("row", [0, -1, 2])
def test_rows_outside_the_file_are_refused(row):
    lines = LineNumbers()
    lines.append(2)
    with pytest.raises(IndexError, match="from 1 to 1"):
        lines[row]


def test_a_plain_file_costs_nothing_and_a_copy_is_the_object():
    lines = LineNumbers()
    for row in range(10_000):
        lines.append(row + 2)
    assert len(lines._rows) == 1
    assert copy.deepcopy(lines) is lines
    assert copy.copy(lines) is lines


def test_frames_with_lines_can_be_joined():
    lines = LineNumbers()
    lines.append(2)
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["lines"] = lines
    assert pd.concat([frame, frame]).attrs["lines"] is lines


def test_describe_row_without_lines_and_with_other_labels():
    frame = pd.DataFrame({"a": [1, 2]})
    assert describe_row(frame, np.int64(1)) == "data row 2"
    assert describe_row(frame, "x") == "row 'x'"
