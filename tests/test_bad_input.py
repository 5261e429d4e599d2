"""Every error is one message with exit status 2, before TensorFlow and any file."""

import json
import os

import numpy as np
import pandas as pd
import pytest

ROWS = 40
GENERATOR = np.random.default_rng(0)
GOOD = pd.DataFrame(
    {
        "a": GENERATOR.normal(size=ROWS).round(3),
        "b": GENERATOR.normal(size=ROWS).round(3),
        "y": np.arange(ROWS) % 2,
    }
)


def change(**columns):
    return GOOD.astype(object).assign(**columns)


def cell(column, row, value):
    frame = GOOD.astype(object)
    frame.loc[row, column] = value
    return frame


TASK = ("--task", "y:binary")
CASES = {
    "empty": (b"", TASK, ["empty"]),
    "header only": (b"a,b,y\n", TASK, ["rows.csv", "row"]),
    "not text": (bytes(range(128, 256)) * 20, TASK, ["rows.csv", "UTF-8"]),
    "nul bytes": (b"a,b,y\n1,2,\x000\n", TASK, ["rows.csv", "line 2"]),
    "ragged": (b"a,b,y\n1,2,0\n1,2\n1,2,3,4\n", TASK, ["line 3", "line 4"]),
    "duplicate column": (b"a,a,y\n1,2,0\n", TASK, ["'a'"]),
    "empty column name": (b"a,,y\n1,2,0\n", TASK, ["column 2"]),
    "open quote": (b'a,b,y\n1,"2,0\n1,2,0\n', TASK, ["quote"]),
    "absent label": (GOOD, ("--task", "z:binary"), ["task 'z'", "column 'z'"]),
    "missing label": (change(y=None), TASK, ["column 'y'", "task 'y'", "40 empty"]),
    "one class": (change(y=1), TASK, ["column 'y'", "two classes"]),
    "rare class": (cell("y", 0, 7), ("--task", "y:multiclass"), ["1 of class '7'"]),
    "text in numbers": (
        cell("a", 4, "oops"),
        TASK,
        ["column 'a'", "'oops' in data row 5 (line 6)", "Correct it"],
    ),
    "infinity": (cell("b", 1, "inf"), TASK, ["column 'b'", "inf in data row 2"]),
    "identifiers alone": (
        GOOD.assign(a=np.arange(ROWS)[::-1], b=np.arange(ROWS))[["a", "b", "y"]],
        TASK,
        ["looks like an identifier", "--numeric a", "expected at least one feature"],
    ),
    "two groups": (
        GOOD.assign(site=np.arange(ROWS) // 3 % 2),
        (*TASK, "--group", "site"),
        ["column 'site'", "at least three groups"],
    ),
    "rows alike": (
        GOOD.assign(a=np.arange(ROWS) // 5 % 2)[["a", "y"]],
        TASK,
        ["at least three groups", "alike in all features are one group"],
    ),
    "task twice": (GOOD, (*TASK, *TASK), ["'y' twice", "Rename"]),
    "task like a feature": (GOOD, ("--task", "a:binary:y"), ["task 'a'", "--drop a"]),
    "unknown flag": (GOOD, (*TASK, "--epohcs", "3"), ["Did you mean '--epochs'?"]),
    "bad number": (GOOD, (*TASK, "--epochs", "many"), ["training.epochs", "'many'"]),
    "bad kind": (GOOD, ("--task", "y:binry"), ["Did you mean 'binary'?"]),
    "absent group": (GOOD, (*TASK, "--group", "site"), ["column 'site' (group)"]),
    "absent weight": (
        GOOD,
        (*TASK, "--sample-weight", "w"),
        ["column 'w' (sample_weight)"],
    ),
    "negative weight": (
        GOOD.assign(w=[-1.0, *np.ones(ROWS - 2), None]),
        (*TASK, "--sample-weight", "w"),
        ["column 'w'", "0 or more", "-1.0 in data row 1 (line 2)", "data row 40"],
    ),
    "weight is a label": (
        GOOD,
        (*TASK, "--sample-weight", "y"),
        ["column 'y' is the sample weight and a label"],
    ),
    "weighed class": (
        GOOD,
        (*TASK, "--class-weight", "y=maybe:3"),
        ["training.class_weights.y", "'maybe'", "0, 1"],
    ),
    "weighed task": (
        GOOD,
        (*TASK, "--class-weight", "yy=balanced"),
        ["'yy'", "Did you mean 'y'?"],
    ),
    "class weight without a number": (
        GOOD,
        (*TASK, "--class-weight", "y=3"),
        ["--class-weight", "TASK=balanced", "'y=3'"],
    ),
    "weighed numbers": (
        GOOD,
        ("--task", "y:regression", "--class-weight", "y=balanced"),
        ["task 'y'", "regression", "classes"],
    ),
    "no task": (GOOD, (), ["Add --task NAME:KIND"]),
    "patience alone": (
        GOOD,
        (*TASK, "--preset", "article", "--patience", "3"),
        ["validation_fraction"],
    ),
}


# All cases run in one process, which fails if one of them imports TensorFlow.
RUN_ALL = """
import contextlib, io, json, os, sys
from keras_mtl.fit import main
results = {}
for name, argv in json.load(sys.stdin).items():
    os.chdir(os.path.join(sys.argv[1], name))
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(argv)
    results[name] = status, out.getvalue(), err.getvalue(), os.listdir()
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory, run_python):
    """The exit status, the two outputs and the existing files of each case."""
    folder = tmp_path_factory.mktemp("cases")
    commands = {}
    for name, (data, flags, _) in CASES.items():
        path = folder / name / "rows.csv"
        path.parent.mkdir()
        text = data if isinstance(data, bytes) else data.to_csv(index=False).encode()
        path.write_bytes(text)
        commands[name] = ["--data", "rows.csv", "--out", "run", *flags]
    done = run_python("-c", RUN_ALL, folder, shadowed=True, stdin=json.dumps(commands))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", CASES)
def test_one_message_and_nothing_else(name, results):
    _, _, parts = CASES[name]
    status, output, told, files = results[name]
    assert status == 2
    assert output == ""
    lines = told.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    warnings = [line for line in lines if line.startswith("warning: ")]
    assert len(errors) + len(warnings) == len(lines)
    assert len(errors) == (2 if name == "ragged" else 1)
    for part in parts:
        assert part in told
    assert files == ["rows.csv"]


def test_mistakes_in_flags_file_and_folder_are_told_together(tmp_path, run_python):
    (tmp_path / "settings.toml").write_text(
        '[trainig]\nepochs = 3\n[training]\nepoch = 2\n[data]\npath = "none.csv"\n'
    )
    done = run_python(
        *("-m", "keras_mtl.fit", "--config", "settings.toml", "--seed", "x"),
        *("--task", "y", "--head", "q=3", "--bogus"),
        cwd=tmp_path,
        shadowed=True,
    )
    assert done.returncode == 2
    for part in (
        "trainig: unknown setting. Did you mean 'training'?",
        "training.epoch: unknown setting. Did you mean 'epochs'?",
        "seed: expected",
        "--task: expected NAME:KIND",
        "--head: expected the name of a task; received 'q'",
        "--bogus: no such flag",
        "none.csv: no such file",
    ):
        assert part in done.stderr
    assert os.listdir(tmp_path) == ["settings.toml"]


def test_a_folder_and_data_that_can_not_serve_are_told_together(tmp_path, run_python):
    GOOD.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "run").mkdir()
    done = run_python(
        *("-m", "keras_mtl.fit", "--data", "rows.csv", "--task", "z:binary"),
        *("--out", "run"),
        cwd=tmp_path,
        shadowed=True,
    )
    assert done.returncode == 2
    assert "run: expected a folder that does not exist yet" in done.stderr
    assert "task 'z'" in done.stderr


@pytest.mark.parametrize("module", ["keras_mtl.fit", "keras_mtl.predict"])
def test_help_is_answered_without_tensorflow(module, run_python):
    done = run_python("-m", module, "--help", shadowed=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"python -m {module}" in done.stdout
    assert "--out" in done.stdout
