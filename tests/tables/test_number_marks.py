"""Numbers are read as people write them, by one decision for all columns."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.errors import DataWarning
from keras_mtl.tables import read_csv
from keras_mtl.tables._number_marks import parse_written


def read(folder, columns, delimiter=";", **settings):
    """Writes columns of text as a file and returns its frame and warnings."""
    rows = zip(*columns.values(), strict=True)
    lines = [delimiter.join(columns)]
    lines += [delimiter.join(f'"{cell}"' for cell in row) for row in rows]
    path = folder / "a.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        frame = read_csv(path, **settings)
    told = [str(warning.message) for warning in caught]
    return {name: frame[name].tolist() for name in columns}, told


COLUMNS = {
    "decimal commas and points of thousands": (
        ["1.234,50", "7", "-1.000.000,25"],
        [1234.5, 7, -1000000.25],
        "decimal comma",
    ),
    "apostrophes": (["1'234", "999"], [1234, 999], "spaces or apostrophes"),
    "a typographer's apostrophes": (["1\u2019234.5", "9"], [1234.5, 9], "apostrophes"),
    "narrow spaces": (["1\u202f234\u202f567", "9"], [1234567, 9], "spaces"),
    "thin spaces": (["1\u2009234", "9"], [1234, 9], "spaces"),
    "lakhs": (["1,23,456.5", "9"], [123456.5, 9], "commas in numbers"),
    "digits of other scripts": (["\u0661\u0662", "-\uff13"], [12, -3], None),
    "more digits than a float has": (["9" * 400, "7"], [np.inf, 7], None),
    "parentheses": (["(1.2)", "3.4"], [-1.2, 3.4], "parentheses as negative"),
    "a currency": (["$ 1,234.50", "$ 7"], [1234.5, 7], "without the '$'"),
    "a currency behind": (["1.234,50 €", "7,00 €"], [1234.5, 7], "without the '€'"),
    "a code of a currency": (["CHF 5", "CHF 70"], [5, 70], "without the 'CHF'"),
    "percent": (["12 %", "7.5 %", "-3 %"], [12, 7.5, -3], "without the '%'"),
    "a unit": (["5 mg/dL", "10 mg/dL", "0"], [5, 10, 0], "without the 'mg/dL'"),
    "a sign before a currency": (["-$5", "$7"], [-5, 7], "without the '$'"),
    "a true minus": (["\u22125", "7"], [-5, 7], None),
    "points of millions": (["1.234.567", "890"], [1234567, 890], "points in numbers"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_alone(tmp_path, name):
    words, expected, told = COLUMNS[name]
    values, messages = read(tmp_path, {"a": words, "w": ["x"] * len(words)})
    assert values["a"] == expected
    assert any(told in message for message in messages) if told else not messages


WORDS = {
    "units that differ": ["5 mg", "5 ml"],
    "names with a number": ["stage 1", "stage 2"],
    "names that begin with a number": ["2D", "3D"],
    "dates": ["2024-01-31", "2024-02-01"],
    "dates with points": ["31.01.2024", "01.02.2024"],
    "times": ["12:30", "13:00"],
    "addresses": ["192.168.100.200", "10.0.0.1"],
    "codes": ["007a", "008a"],
    "ranges": ["1-2", "3-4"],
    "a unit that few have": ["1", "2", "3", "4 mg"],
    "lists": ["1,2,3", "4,5,6"],
    "two lines": ["1\n2", "3,5"],
    "no number": ["%", "1 %"],
}


@pytest.mark.parametrize("name", WORDS)
def test_other_words_stay_words(tmp_path, name):
    values, _ = read(tmp_path, {"a": WORDS[name], "w": ["x"] * len(WORDS[name])})
    assert values["a"] == WORDS[name]


def test_whole_numbers_with_thousands_are_found_by_the_other_columns(tmp_path):
    columns = {"whole": ["6.767", "812", "1.500"], "price": ["1,5", "2,25", "3"]}
    values, told = read(tmp_path, columns)
    assert values == {"whole": [6767, 812, 1500], "price": [1.5, 2.25, 3]}
    assert any("points in numbers as parting thousands, in 'whole'" in t for t in told)


def test_columns_that_contradict_are_each_what_they_must_be(tmp_path):
    columns = {"a": ["1,5", "2,25"], "b": ["0.5", "1.25"], "c": ["1,500", "2,000"]}
    values, told = read(tmp_path, columns)
    assert values["a"] == [1.5, 2.25]
    assert values["b"] == [0.5, 1.25]
    assert values["c"] == ["1,500", "2,000"]
    assert any("left values such as '1,500' as text" in message for message in told)
    assert any("--decimal-mark" in message for message in told)


def test_what_can_not_be_told_is_asked(tmp_path):
    columns = {"a": ["1,500", "2,000"], "w": ["x", "y"]}
    values, (told,) = read(tmp_path, columns)
    assert values["a"] == ["1,500", "2,000"]
    assert "--decimal-mark" in told
    assert read(tmp_path, columns, decimal_mark=",")[0]["a"] == [1.5, 2]
    assert read(tmp_path, columns, decimal_mark=".")[0]["a"] == [1500, 2000]


def test_points_that_may_part_thousands_are_asked_about(tmp_path):
    columns = {"a": ["6.767", "812"], "w": ["x", "y"]}
    values, (told,) = read(tmp_path, columns)
    assert values["a"] == [6.767, 812]
    assert "may part thousands (say which with --decimal-mark)" in told
    assert read(tmp_path, columns, decimal_mark=",")[0]["a"] == [6767, 812]
    # One that can't is enough.
    columns["b"] = ["0.5", "12"]
    assert read(tmp_path, columns)[1] == []


def test_in_a_comma_file_both_marks_tell(tmp_path):
    columns = {"a": ["1.234,50", "3,25"], "b": ["6.767", "812"], "c": ["1,5", "2"]}
    values, _ = read(tmp_path, columns, ",")
    assert values == {"a": [1234.5, 3.25], "b": [6767, 812], "c": [1.5, 2]}


def test_text_columns_keep_their_marks(tmp_path):
    columns = {"a": ["1,5", "2,25"], "code": ["3,0", "12 %"]}
    values, _ = read(tmp_path, columns, text_columns=["code"])
    assert values["code"] == ["3,0", "12 %"]


@pytest.mark.parametrize("word", ["5 mg", "12 %", "$ 1,234.5", "(7)"])
def test_a_word_is_enough_where_numbers_are_known(word):
    assert parse_written([word], known=True) is not None
    assert (parse_written([word]) is None) == (word != "(7)")


@given(
    st.lists(
        st.floats(-1e9, 1e9).map(lambda value: round(value, 2)), min_size=1, max_size=20
    ),
    st.sampled_from([(",", "."), (".", ","), (".", "'"), (",", "\u202f")]),
)
def test_what_is_written_with_marks_is_read_back(values, marks):
    decimal, thousands = marks
    swap = str.maketrans({".": decimal, ",": thousands})
    words = [f"{value:,.2f}".translate(swap) for value in values]
    found = parse_written(list(dict.fromkeys(words)))
    assert found.marks == (decimal,)
    distinct = dict.fromkeys(words)
    numbers = dict(zip(distinct, found.numbers(decimal), strict=True))
    np.testing.assert_array_equal([numbers[word] for word in words], values)
