"""JSON lines are read as CSV of the same rows; mistakes are named by their place."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from keras_mtl.errors import UserError
from keras_mtl.tables import describe_row
from keras_mtl.tables._json_file import JsonFile
from keras_mtl.tables.read_rows import read_rows


def json_lines(frame):
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def rows_of(tmp_path, text, words=(), missing=(), name="rows.jsonl"):
    (tmp_path / name).write_text(text, "utf-8")
    return read_rows(str(tmp_path / name), words, missing)


def test_the_rows_are_those_of_a_csv_file(tmp_path, mixed_frame):
    mixed_frame.to_csv(tmp_path / "rows.csv", index=False)
    expected = read_rows(str(tmp_path / "rows.csv"), ["Site"], ["II"])
    found = rows_of(tmp_path, json_lines(mixed_frame), ["Site"], ["II"])
    pd.testing.assert_frame_equal(found.frame(), expected.frame())


@pytest.mark.parametrize("name", ["rows.ndjson", "rows.jsonl.gz", "ROWS.JSONL"])
def test_names_and_packed_files(tmp_path, name):
    text = b'{"a": 1}\n{"a": 2}\n'
    packed = gzip.compress(text) if name.endswith(".gz") else text
    (tmp_path / name).write_bytes(packed)
    assert read_rows(str(tmp_path / name), (), ())["a"].tolist() == [1, 2]


def test_utf_16_is_read(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"a": "ü"}\n{"a": "\u2028"}\n', "utf-16")
    assert rows_values(read_rows(str(tmp_path / "rows.jsonl"), (), ())) == {
        # White space as any other.
        "a": ["ü", None]
    }


def rows_values(store):
    return {
        name: [None if each != each else each for each in store[name].tolist()]
        for name in store.columns
    }


@pytest.mark.filterwarnings("ignore:.*too large for 64 bits")
def test_cells_of_each_type(tmp_path):
    store = rows_of(
        tmp_path,
        '{"n": 1, "f": 1.5, "b": true, "w": "x", "m": 1, "big": 1}\n'
        "\n"
        '{"b": false, "w": null, "m": "a", "n": 2, "big": 99999999999999999999}\n'
        '{"n": -9, "w": "?", "m": true, "late": 0}\r\n',
        missing=["-9"],
    )
    assert rows_values(store) == {
        "n": [1, 2, None],
        "f": [1.5, None, None],
        "b": ["true", "false", None],
        "w": ["x", None, None],
        "m": ["1", "a", "true"],
        "big": [1.0, 1e20, None],
        "late": [None, None, 0],
    }
    assert describe_row(store, 1) == "data row 2 (line 3)"


def test_words_and_numbers_far_apart_are_words(tmp_path):
    cells = [*range(3000), "x"]
    text = "".join(json.dumps({"a": cell}) + "\n" for cell in cells)
    (tmp_path / "rows.jsonl").write_text(text)
    file = JsonFile(str(tmp_path / "rows.jsonl"))
    parts = list(file.parts(["a"], (), {""}))
    assert [len(part) for part in parts] == [3001]
    store = read_rows(str(tmp_path / "rows.jsonl"), (), ())
    assert store["a"].tolist() == [str(cell) for cell in cells]


def test_all_mistakes_are_named_by_line_and_column(tmp_path):
    with pytest.raises(UserError) as caught:
        rows_of(
            tmp_path,
            '{"a": 1}\n{"a": }\n[1]\n{"a": {"b": 1}}\n{"a": 1, "a": 2}\n',
        )
    first, second, third, rest = caught.value.messages
    path = tmp_path / "rows.jsonl"
    assert first.startswith(f"{path}, line 2, column 7: expected a JSON object.")
    assert second.startswith(f"{path}, line 3: expected a JSON object. Received: [1].")
    assert third.startswith(f"{path}, line 4, key 'a': expected a number")
    assert rest == f"{path}: 1 more lines are wrong likewise."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty|no data rows"),
        ("{}\n", "no data rows"),
        ('{"": 1}\n', "a name for each key"),
        ('{"a": 1, "a ": 2}\n', "'a' twice"),
        ("[" * 100_000 + "\n", "line 1"),
        ('{"a": ' + "1" * 5000 + "}\n", "line 1"),
    ],
)
def test_what_is_no_row_is_refused(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        rows_of(tmp_path, text)


def test_a_json_list_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(UserError, match=r"\*\.jsonl.*jq"):
        rows_of(tmp_path, "[]", name="rows.json")


def test_a_folder_of_json_lines_is_one_table(tmp_path, mixed_frame):
    for number, (start, stop) in enumerate([(0, 50), (50, 120)]):
        text = json_lines(mixed_frame.iloc[start:stop])
        (tmp_path / f"part-{number}.jsonl").write_text(text, "utf-8")
    store = read_rows(str(tmp_path), ["Site"], [])
    assert isinstance(store._columns["dose"], np.memmap)
    assert describe_row(store, 51) == "data row 2 (line 2) of part-1.jsonl"
    alone = rows_of(tmp_path, json_lines(mixed_frame), ["Site"], name="one.ndjson")
    pd.testing.assert_frame_equal(store.frame(), alone.frame())
