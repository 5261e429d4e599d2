"""The command: a kill loses no fit, processes share a folder, errors exit with 2."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .conftest import make_frame

ROOT = str(Path(__file__).parents[2])
FLAGS = (
    *("--data", "rows.csv", "--task", "kind:multiclass", "--task", "sick:binary"),
    *("--drop", "cost", "--folds", "2", "--repeats", "2", "--members", "1"),
    *("--epochs", "2", "--batch-size", "32", "--trunk", "6", "--quiet"),
)


@pytest.fixture
def rows(tmp_path):
    make_frame().to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path


def start(folder, *flags):
    return subprocess.Popen(
        [sys.executable, "-m", "keras_mtl.evaluate", *FLAGS, *flags],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ROOT},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def fits(folder):
    kept = folder / "fits"
    names = os.listdir(kept) if kept.exists() else []
    return {
        name: (kept / name).stat().st_mtime_ns for name in names if name.endswith("npz")
    }


def values(folder):
    found = json.loads((folder / "report.json").read_text())
    frame = pd.DataFrame(found["values"]["folds"])
    return frame.set_index(["model", "task", "repeat", "fold", "metric"])["value"]


@pytest.mark.slow
def test_a_killed_evaluation_goes_on_where_it_was(rows):
    process = start(rows, "--out", "killed")
    for _ in range(1200):
        if len(fits(rows / "killed")) >= 6 or process.poll() is not None:
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = fits(rows / "killed")
    assert before
    assert not (rows / "killed" / "report.json").exists()
    process = start(rows, "--out", "killed")
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    after = fits(rows / "killed")
    assert {name: after[name] for name in before} == before
    # All claims are given back.
    assert not [name for name in os.listdir(rows / "killed" / "fits") if "lock" in name]


@pytest.mark.slow
def test_processes_on_one_folder_give_the_numbers_of_one(rows):
    both = [start(rows, "--out", "shared") for _ in range(2)]
    for process in both:
        _, told = process.communicate(timeout=300)
        assert process.returncode == 0, told
    alone = start(rows, "--out", "alone")
    _, told = alone.communicate(timeout=300)
    assert alone.returncode == 0, told
    assert set(fits(rows / "shared")) == set(fits(rows / "alone"))
    shared, one = values(rows / "shared"), values(rows / "alone")
    pd.testing.assert_index_equal(shared.index, one.index)
    np.testing.assert_allclose(shared, one, atol=1e-4)


def test_errors_are_told_together_before_tensorflow_loads(rows, run_python):
    done = run_python(
        *("-m", "keras_mtl.evaluate", *FLAGS, "--folds", "one", "--workers", "0"),
        *("--compare", "upgrd", "--seed", "x", "--resume"),
        cwd=rows,
        shadowed=True,
    )
    assert done.returncode == 2
    for part in ("folds", "--workers", "seed", "--resume: no such flag"):
        assert part in done.stderr
    assert os.listdir(rows) == ["rows.csv"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--by", "d"), ["column 'd' (--by)"]),
        (("--compare", "upgrd"), ["--compare upgrd", "Did you mean 'upgrad'"]),
        (("--folds", "50"), ["folds", "50"]),
    ],
)
def test_what_the_rows_cannot_give_is_refused(rows, run_python, flags, words):
    done = run_python(
        "-m", "keras_mtl.evaluate", *FLAGS, *flags, cwd=rows, shadowed=True
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
    assert os.listdir(rows) == ["rows.csv"]
