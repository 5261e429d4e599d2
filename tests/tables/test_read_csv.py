"""Reading a CSV: the values it gives and the errors it tells."""

import codecs
import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from keras_mtl.errors import DataWarning, UserError
from keras_mtl.tables import MISSING_VALUES, read_csv

QUIET = pytest.mark.filterwarnings("ignore::keras_mtl.errors.DataWarning")
FUZZ = settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def read(tmp_path):
    path = tmp_path / "a.csv"

    def read_content(content, **arguments):
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        path.write_bytes(data)
        return read_csv(path, **arguments)

    return read_content


def errors(read, content, **arguments):
    with pytest.raises(UserError) as error:
        read(content, **arguments)
    for message in error.value.messages:
        assert "a.csv" in message
    return [message.split("a.csv", 1)[1] for message in error.value.messages]


def line_list(frame):
    return [frame.attrs["lines"][row] for row in range(1, len(frame) + 1)]


# Values


def test_types_and_missing_values(read):
    frame = read("i,f,t,b\n1,2,x,true\n2,NA,?,False\n3,0.1,,\n")
    expected = pd.DataFrame(
        {
            "i": [1, 2, 3],
            "f": [2, np.nan, 0.1],
            "t": pd.Series(["x", None, None], dtype="str"),
            "b": pd.Series(["true", "False", None], dtype="str"),
        }
    )
    pd.testing.assert_frame_equal(frame, expected)


@pytest.mark.parametrize("text", MISSING_VALUES)
def test_each_missing_value_is_missing_among_numbers_and_text(read, text):
    frame = read(f"a,b\n1,x\n{text},{text}\n")
    assert frame["a"].dtype == "float64"
    assert frame.isna().to_numpy().tolist() == [[False, False], [True, True]]


def test_none_is_a_category_and_missing_values_can_be_chosen(read):
    assert list(read("a,b\nNone,1\nnone,2\n")["a"]) == ["None", "none"]
    frame = read("a,b\n-9,NA\n1,\n", missing_values=["-9"])
    assert frame["a"].isna().tolist() == [True, False]
    assert frame["b"].iloc[0] == "NA"
    assert frame["b"].isna().tolist() == [False, True]


def test_text_columns_stay_as_written(read):
    frame = read("id,x\n03,03\n1.0,1\n,2\n", text_columns=["id"])
    assert list(frame["id"].dropna()) == ["03", "1.0"]
    assert list(frame["x"]) == [3, 1, 2]


def test_columns_are_chosen_in_order(read):
    frame = read("a,b,c\n1,2,3\n", columns=["c", "a"], text_columns=["b", "a"])
    assert list(frame.columns) == ["c", "a"]
    assert frame["a"].iloc[0] == "1"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_dialects(read, delimiter, end, encoding):
    text = end.join(["a\u00e9,b,c", "1,x,2.5", '2,"y,;|",NA', ""])
    text = text.replace('"y,;|"', "#").replace(",", delimiter)
    frame = read(text.replace("#", '"y,;|"').encode(encoding))
    assert list(frame.columns) == ["a\u00e9", "b", "c"]
    assert list(frame["a\u00e9"]) == [1, 2]
    assert list(frame["b"]) == ["x", "y,;|"]
    assert frame["c"].iloc[0] == 2.5


def test_delimiter_is_not_fooled_by_other_delimiters_in_values(read):
    frame = read('id;note, (long)\n1;"a,b"\n2;c, d, e\n3;f\n')
    assert list(frame.columns) == ["id", "note, (long)"]
    frame = read('"a;b",c\n"1;2",3\n')
    assert list(frame.columns) == ["a;b", "c"]


def test_single_column(read):
    with pytest.warns(DataWarning, match="1 blank line"):
        frame = read('age\n63\n""\n\n67\n\n\n')
    np.testing.assert_array_equal(frame["age"], [63, np.nan, 67])
    assert line_list(frame) == [2, 3, 5]


@pytest.mark.parametrize("sign", ["^", "~", "::", "\t \t", " ", "\uff0c"])
def test_another_delimiter_is_told(read, sign):
    rows = [f"{i}{sign}{i % 2}" for i in range(5)]
    content = "\n".join([f"x{sign}y", *rows])
    if sign == "\t \t":
        content = content.replace("\t", " ")
    with pytest.warns(DataWarning, match="one column, .* all rows split alike at"):
        assert len(read(content).columns) == 1
    # R gives its header no field for the rows' names.
    if sign == " ":
        rows = [f'"{i}" {i} 5' for i in range(5)]
        with pytest.warns(DataWarning, match="at white space"):
            read("\n".join(['"x" "y"', *rows]))


@pytest.mark.parametrize("header", ["ORCID", "RDX", "GIF", "html", "relation", "{a}"])
def test_a_name_like_the_mark_of_another_kind_of_file_is_a_name(read, header):
    assert list(read(f"{header},b\n1,2\n").columns) == [header, "b"]


def test_two_byte_order_marks_are_in_no_name(read):
    assert list(read("\ufeff\ufeffa,b\n1,2\n").columns) == ["a", "b"]


def test_an_empty_first_column_without_a_name_is_left_out(read):
    with pytest.warns(
        DataWarning, match="first column, which has no name and is empty"
    ):
        assert list(read(",a,b\n,1,2\n,3,4\n").columns) == ["a", "b"]


def test_white_space_is_removed_and_told(read):
    with pytest.warns(DataWarning, match="white space around values, in 'b'"):
        frame = read('a , b,c\n 1 ,x \t,"p, q" \n2,x,NA \n3 , NA , p\n')
    assert list(frame.columns) == ["a", "b", "c"]
    assert list(frame["a"]) == [1, 2, 3]
    assert list(frame["b"].iloc[:2]) == ["x", "x"]
    assert frame["b"].isna().tolist() == [False, False, True]
    assert list(frame["c"].dropna()) == ["p, q", "p"]


def test_missing_value_in_white_space_leaves_numbers(read):
    frame = read("a,b\n1.5,\t?\n2,NA \n-3,4\n")
    assert frame["b"].dtype == "float64"
    np.testing.assert_array_equal(frame["b"], [np.nan, np.nan, 4])


def test_lines_with_quoted_breaks_and_blank_lines(read):
    with pytest.warns(DataWarning, match=r"2 blank line\(s\), on line 4, 5"):
        frame = read('a,b\n"x\r\ny",1\n\n   \nz,2\nw,3\n\n')
    assert frame["a"].iloc[0] == "x\r\ny"
    assert line_list(frame) == [2, 6, 7]
    assert frame[frame["b"] > 1].copy().attrs["lines"][3] == 7


def test_trailing_blank_lines_are_no_news(read):
    assert len(read("a,b\n1,2\n\n\r\n  \n")) == 1


def test_decimal_comma(read):
    with pytest.warns(DataWarning) as warned:
        frame = read("a;b;c;d\n1,5;1,500;0,125;x\n2;2,000;-,5;1,5\n;;;\n")
    np.testing.assert_array_equal(frame["a"], [1.5, 2, np.nan])
    np.testing.assert_array_equal(frame["c"], [0.125, -0.5, np.nan])
    # What might be thousands is none beside what can't be.
    np.testing.assert_array_equal(frame["b"], [1.5, 2, np.nan])
    assert list(frame["d"].dropna()) == ["x", "1,5"]
    (told,) = (str(warning.message) for warning in warned)
    assert "decimal comma, in 'a', 'b', 'c'" in told


def test_quoted_comma_in_a_comma_file_stays_text(read):
    assert list(read('a,b\n"1,5",1\n')["a"]) == ["1,5"]


def test_large_integers_are_floats_with_a_warning(read):
    content = f"a,b,c\n{'9' * 20},{2**64 - 1},{2**63 - 1}\n1,,3\n"
    with pytest.warns(DataWarning, match="64 bits as floats.*in 'a', 'b'"):
        frame = read(content)
    assert [str(kind) for kind in frame.dtypes] == ["float64", "float64", "int64"]
    assert frame["a"].iloc[0] == 1e20
    assert frame["b"].isna().tolist() == [False, True]
    assert frame["c"].iloc[0] == 2**63 - 1
    assert read(content, text_columns=["a", "b"])["b"].iloc[0] == str(2**64 - 1)


def test_header_of_numbers_is_told(read):
    with pytest.warns(DataWarning, match="all column names are numbers"):
        read("1,2.5\n3,4\n")


def test_a_header_of_numbers_that_repeat_is_one_message(read):
    (message,) = errors(read, "5.1,0,0,1,1\n4.9,0,1,0,1\n")
    assert "numbers ('5.1', '0', '0', ...), some of them twice. If they are" in message


def test_many_places_of_one_name_are_counted(read):
    (message,) = errors(read, f"{','.join('abbbbbbbb')}\n{','.join('123456789')}\n")
    assert "'b' for columns 2, 3, 4, 5, 6 and 3 more. Rename" in message


def test_carriage_returns_alone(read):
    with pytest.warns(DataWarning) as warned:
        frame = read("a,b\r1,2\r\r3,4\r")
    assert len(warned) == 2
    assert frame.to_numpy().tolist() == [[1, 2], [3, 4]]
    assert line_list(frame) == [2, 4]


# Mistakes


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ": the file is empty"),
        ("\n \n\n", ": the file is empty"),
        (codecs.BOM_UTF8, ": the file is empty"),
        ("a,b\n", ": there are no data rows"),
        ("a,b\n\n\n", ": there are no data rows"),
        ("a,b\n1,\0\n", ", line 2: expected text. Received: a NUL"),
        ("a,b\n1,\0\0\n", ", line 2: expected text. Received: a NUL"),
        (b"PK\x03\x04rest", ": expected a text file. Received: a zip archive"),
        (b"a,b\r\n1,2\r\n3,\xe9\r\n", ", line 3: expected text in UTF-8. Received: "),
        ("a,b\n1,x".encode("utf-16") + b"x", ", line 2: expected text in UTF-8"),
        ('a,b\n1,2\n3,"4\n5,6\n', ", line 3: expected a closing quote"),
        ('a,"b\n1,2\n', ", line 1: expected a closing quote"),
        ('a,b\n1,2\n"', ", line 3: expected a closing quote"),
        ("a,b\n1," + "x" * 200_000, ", line 2: expected fields of at most 131072"),
        ('a,b\n1,"x' + "x,1\n" * 50_000, ", line 2: expected fields of at most"),
        ('a,b\n1,\t"x,y"\n', ", line 2: expected a quote right after"),
    ],
)
def test_structure_mistakes(read, content, expected):
    assert errors(read, content)[0].startswith(expected)


def test_wrong_byte_is_named_by_line_and_offset(read):
    content = b"a,b\n" + b"1,2\n" * 600_000 + b"\xff,2\n"
    (message,) = errors(read, content)
    assert message.startswith(", line 600002:")
    assert "byte 0xff at offset 2400004" in message
    assert "WINDOWS-1252" in message


def test_line_ends_across_chunks_are_counted_once(read):
    content = b"a,b\r\n" + b"1,22\r\n" * 400_000 + b"\xff,2\n"
    (message,) = errors(read, content)
    assert message.startswith(", line 400002:")


def test_all_mistakes_are_told_at_once(read):
    messages = errors(
        read, "a,b,b,, \n1\n1,2,3,4,5\n" + "1,2,3,4,5,6\n" * 5, columns=["bb", "a"]
    )
    assert len(messages) == 7
    assert "Received: 'b' for columns 2, 3" in messages[0]
    assert "no name for column 4, 5" in messages[1]
    assert messages[2].startswith(
        ", data row 1 (line 2): expected 5 fields, as in the header. Received: 1."
    )
    assert "data row 3 (line 4)" in messages[3]
    assert "Put quotes around values that hold ','" in messages[3]
    assert messages[5].startswith(": 3 more rows")
    assert "Did you mean 'b'?" in messages[6]


def test_unknown_columns_are_told_with_the_nearest(read):
    content = "age,sex\n1,2\n"
    messages = errors(read, content, columns=["sx"], text_columns=["zzz"])
    assert "'sx'" in messages[0]
    assert "Did you mean 'sex'?" in messages[0]
    assert "'zzz'" in messages[1]


def test_paths_that_are_no_files(tmp_path):
    (tmp_path / "heart.csv").write_text("a\n1\n")
    with pytest.raises(UserError, match=r"no such file. Did you mean 'heart.csv'\?"):
        read_csv(tmp_path / "hart.csv")
    with pytest.raises(UserError, match="Received: a folder"):
        read_csv(tmp_path)
    with pytest.raises(UserError, match="regular file"):
        read_csv("/dev/null")
    with pytest.raises(UserError, match="no such file"):
        read_csv(tmp_path / "heart.csv" / "x.csv")
    with pytest.raises(UserError, match="cannot be read"):
        read_csv(tmp_path / ("x" * 5000))


# Files as programs write them


@QUIET
@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;"])
def test_the_line_that_tells_the_delimiter_is_no_header(read, first):
    frame = read(f"{first}\na;b|c\n1;2\n\n3;4\n5;6\n")
    assert list(frame.columns) == ["a", "b|c"]
    assert frame["a"].tolist() == [1, 3, 5]
    assert line_list(frame) == [3, 5, 6]


def test_a_told_delimiter_wins_over_one_that_fits_better(read):
    assert list(read("sep=|\na,b|c\nx,y|3\n").columns) == ["a,b", "c"]


@pytest.mark.parametrize(
    "content",
    [
        "a,b,,\n1,2,,\n3,4,,\n",
        "a,b\n1,2,\n3,4,\n",
        "a,b,\n1,2\n3,4\n",
        "a,b, ,\n1,2\n3,4, ,\n",
    ],
)
def test_empty_columns_behind_the_others_are_none(read, content):
    frame = read(content)
    assert frame.to_dict("list") == {"a": [1, 3], "b": [2, 4]}


def test_a_value_below_no_name_is_refused(read):
    (message,) = errors(read, "a,b,,\n1,2,,\n3,4,,x\n5,6,,y\n")
    assert "no name for column 4" in message


@pytest.mark.parametrize("end", ["\x1a", "\x1a\r\n", "\n\x1a\x1a\x1a", "\n\x1a\0\0"])
def test_the_mark_of_the_end_of_a_text_is_no_value(read, end):
    assert read("a,b\n1,2\n3,4" + end)["b"].tolist() == [2, 4]


@pytest.mark.parametrize("end", ["", "\x1a"])
@pytest.mark.parametrize("order", ["le", "be"])
def test_utf16_needs_no_mark(read, order, end):
    frame = read(f"Größe,Wert\n1,ü\n2,日\n{end}".encode(f"utf-16-{order}"))
    assert frame.to_dict("list") == {"Größe": [1, 2], "Wert": ["ü", "日"]}


ROW_NAMES = {
    "numbers": ("numbers", [0, 1, 2, 3]),
    "numbers of some rows": ("numbers", [17, 3, 250, 9]),
    "numbers of tables one below the other": ("numbers", [*range(40), *range(30)]),
    "names": ("names", ["Mazda RX4", "Datsun", "Fiat", "Honda"]),
    "one row": ("numbers", [12]),
}


@pytest.mark.parametrize("name", ROW_NAMES)
def test_a_first_column_without_a_name_that_tells_rows_apart_is_left_out(read, name):
    what, index = ROW_NAMES[name]
    values = pd.DataFrame({"a": np.arange(len(index)), "b": 1.5}, index=index)
    with pytest.warns(DataWarning, match=f"first column, which has no name and {what}"):
        frame = read(values.to_csv())
    pd.testing.assert_frame_equal(frame, values.reset_index(drop=True))


@pytest.mark.parametrize("values", ["5,5,7", "1.5,2.5,3.5", "1,,2", "x,y,x"])
def test_another_first_column_needs_a_name(read, values):
    rows = "".join(f"{value},{i}\n" for i, value in enumerate(values.split(",")))
    (message,) = errors(read, f",b\n{rows}")
    assert "no name for column 1. Name it" in message


@pytest.mark.parametrize(
    "title",
    ["Patients of 2024", "Patients,,", "# made, by hand", '"Report; of, all"'],
)
def test_a_title_above_the_header_is_named(read, title):
    (message,) = errors(read, f"{title}\nid,age,sex\n1,63,m\n2,41,f\n3,50,m\n")
    assert message.startswith(", line 1: expected a name for each of 3 columns")
    assert "remove the lines above the column names" in message


def test_rows_that_begin_with_a_name_the_header_lacks_are_named(read):
    (message,) = errors(read, '"a","b"\n"Mazda",1,2\n"Fiat",3,4\n')
    assert "if each row begins with its name, as R writes it" in message


# Properties

PIECES = st.sampled_from(
    [
        *("a", "1", ",", ";", '"', '"', "\n", "\r", "\r\n", " ", "\t", "|", ".", "-"),
        *("x,y\n", "1,2\n", "NA", "true", "\u00e9", "e9", "inf", "_", "\u2028"),
        *("\x0c", "\x1c", "9" * 20, "\ufeff", "\0", "\u00a0", "1,5"),
    ]
)


@QUIET
@FUZZ
@given(
    st.binary(max_size=60) | st.builds(bytes.__add__, st.just(b"a,b\n"), st.binary())
)
@example(b"\xff\xfe")
@example(b"\xff\xfea")
@example(b"\xef\xbb")
@example(b"a,b\n\r,1")
def test_any_bytes_give_a_frame_or_a_user_error(read, content):
    try:
        frame = read(content)
    except UserError:
        return
    assert len(frame) > 0


@QUIET
@FUZZ
@given(st.sampled_from(["a,b\n", "a;b\n", "h\n", ""]), st.lists(PIECES, max_size=14))
def test_pandas_and_the_csv_module_agree(read, header, pieces):
    """Every text that is read has the values that Python's csv module finds."""
    content = header + "".join(pieces)
    assume("\r" not in content.replace("\r\n", ""))
    try:
        delimiter = ";" if header == "a;b\n" else ","
        names = header.strip().split(delimiter)
        frame = read(content, text_columns=names if header else (), missing_values=())
    except UserError:
        return
    if not header:
        return
    reader = csv.reader(
        io.StringIO(content, newline=""), delimiter=delimiter, skipinitialspace=True
    )
    records = [
        fields
        for fields in reader
        if fields and (len(names) == 1 or len(fields) > 1 or fields[0].strip())
    ]
    # What is more than the header has is empty, or the file is refused.
    expected = [
        [value.strip() for value in fields[: len(names)]] for fields in records[1:]
    ]
    assert not any(value.strip() for row in records for value in row[len(names) :])
    assert frame.astype(object).fillna("").to_numpy().tolist() == expected


# A Ctrl-Z may be the end mark of the file, which is cut off.
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\x1a"), max_size=8
).filter(lambda text: text == text.strip())


@st.composite
def tables(draw):
    rows = draw(st.integers(1, 6))
    kinds = draw(st.lists(st.sampled_from("ift"), min_size=2, max_size=5))
    values = {
        "i": st.integers(-(2**63), 2**63 - 1),
        "f": st.floats(allow_nan=False) | st.none(),
        "t": TEXTS,
    }
    return {
        f"{kind}{index}": draw(
            st.lists(values[kind], min_size=rows, max_size=rows), label=kind
        )
        for index, kind in enumerate(kinds)
    }


@QUIET
@FUZZ
@given(
    tables(),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_table_written_in_any_dialect_is_read_back(
    read, table, delimiter, end, quoting, encoding
):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    frame = read(
        text.getvalue().encode(encoding),
        text_columns=[name for name in table if name[0] == "t"],
        missing_values=(),
    )
    assert list(frame.columns) == list(table)
    for name, values in table.items():
        if name[0] == "t":
            assert frame[name].astype(object).fillna("").tolist() == values
        elif name[0] == "i":
            assert frame[name].dtype == "int64"
            assert frame[name].tolist() == values
        else:
            expected = [np.nan if value is None else value for value in values]
            np.testing.assert_array_equal(frame[name].astype(float), expected)


SOUND = (
    b'id,age,sex,chol\n1,63,male,233.5\n2,67,female,\n3,41,male,NA\n4,50,"a, ""b""",7\n'
)


@QUIET
@FUZZ
@given(st.integers(0, len(SOUND)), st.integers(0, 3), st.binary(max_size=3))
def test_a_mutated_file_is_read_or_told(read, place, cut, put):
    try:
        frame = read(SOUND[:place] + put + SOUND[place + cut :])
    except UserError:
        return
    assert 1 <= frame.shape[1] <= 8


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (['"1,234"', '"-2,345.5"', "", "12"], [1234.0, -2345.5, np.nan, 12.0]),
        (['"1,234"', '"2,34"'], None),
        (['"1,234"', "x"], None),
        (['"0,123"', '"1,234"'], None),
    ],
)
def test_commas_part_thousands_where_they_can_mean_nothing_else(
    tmp_path, values, expected
):
    path = tmp_path / "a.csv"
    path.write_text("n,v\n" + "".join(f"1,{value}\n" for value in values))
    if expected is None:
        frame = read_csv(path)
        assert frame["v"].tolist() == [value.strip('"') for value in values]
    else:
        with pytest.warns(DataWarning, match="parting thousands, in 'v'"):
            frame = read_csv(path)
        np.testing.assert_array_equal(frame["v"], expected)
