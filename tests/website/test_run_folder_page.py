"""docs/run-folder.md names every file of a run folder, and its columns and keys."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "run-folder.md").read_text("utf-8")
# What stands for a name of the user's in the tables.
NAMES = {"TASK": "(?:thal|heart)", "OTHER": r"\w+", "METRIC": r"\w+", "MODEL": r"\w+"}
NAMES |= {"NAME": r"\w+", "CLASS": r"[\w ]+", "LABEL": r"\w+"}


def table(heading):
    """Gives the first two cells of each row of the table below a heading."""
    section = PAGE.partition(f"{heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", section, flags=re.M)


def pattern(text):
    escaped = re.escape(text)
    for name, value in NAMES.items():
        escaped = escaped.replace(name, value)
    return re.compile(escaped)


def unnamed(found, rows):
    patterns = [pattern(text) for text, _ in rows]
    return [each for each in found if not any(p.fullmatch(each) for p in patterns)]


def absent(found, rows):
    return [
        text
        for text, when in rows
        if when == "always" and not any(pattern(text).fullmatch(each) for each in found)
    ]


@pytest.fixture(scope="module")
def files(heart_run):
    paths = (path for path in heart_run.rglob("*") if path.is_file())
    return [path.relative_to(heart_run).as_posix() for path in paths]


FILES = table("# Every file of a run folder")


def test_every_file_of_a_run_is_named(files):
    assert unnamed(files, FILES) == []


def test_a_run_has_every_file_that_is_always_there(files):
    assert absent(files, FILES) == []


def test_files_of_other_architectures_are_named():
    code = (ROOT / "keras_mtl" / "runs" / "write_run.py").read_text("utf-8")
    written = re.findall(r'folder / "([\w.]+\.\w+)"', code)
    assert len(written) > 8
    assert unnamed(written, FILES) == []


@pytest.mark.parametrize("name", ["metrics.json", "predictions.csv", "history.csv"])
def test_keys_and_columns_are_those_of_a_run(heart_run, name):
    path = heart_run / name
    is_table = path.suffix == ".csv"
    found = list(pd.read_csv(path) if is_table else json.loads(path.read_text()))
    rows = table(f"## {'Columns' if is_table else 'Keys'} of {name}")
    assert unnamed(found, rows) == []
    assert absent(found, rows) == []


def test_a_file_that_is_not_named_is_found():
    assert unnamed(["model.keras", "model.h5"], FILES) == ["model.h5"]
