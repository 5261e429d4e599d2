"""A folder of files is fitted as one file of the same rows is."""

import json
import os

import pandas as pd
import pytest

from keras_mtl.fit import main

TASKS = (
    "--task=relapse:binary",
    "--task=stage:multiclass",
    "--task=cost:regression",
    "--task=symptoms:multilabel:fever,cough",
)
QUICK = ("--members=2", "--epochs=3", "--quiet")
FILES = ("metrics.json", "history.csv", "predictions.csv")


@pytest.fixture(scope="module")
def shards(tmp_path_factory, mixed_frame):
    folder = tmp_path_factory.mktemp("data") / "visits"
    folder.mkdir()
    for number, (start, stop) in enumerate(((0, 50), (50, 51), (51, 120))):
        part = mixed_frame.iloc[start:stop]
        part.to_csv(folder / f"{number}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def shards_run(shards, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "shards"
    argv = ["--data", str(shards), *TASKS, *QUICK, "--out", str(run)]
    # As the run of one file.
    argv += ["--class-weight=stage=balanced", "--class-weight=relapse=yes:2"]
    assert main(argv) == 0
    return run


@pytest.mark.slow
def test_shards_give_the_run_of_one_file(shards_run, mixed_run):
    for name in FILES:
        assert (shards_run / name).read_bytes() == (mixed_run / name).read_bytes()


@pytest.mark.slow
def test_the_settings_of_the_run_repeat_it(shards_run, tmp_path):
    again = tmp_path / "again"
    config = str(shards_run / "config.toml")
    assert main(["--config", config, "--out", str(again), "--quiet"]) == 0
    for name in FILES:
        assert (again / name).read_bytes() == (shards_run / name).read_bytes()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*test rows are like:UserWarning")
def test_groups_and_test_rows_of_their_own(shards, mixed_frame, tmp_path):
    one, held = tmp_path / "one.csv", tmp_path / "held.csv"
    mixed_frame.to_csv(one, index=False)
    mixed_frame.iloc[::4].drop(columns="Site").assign(Site="Bern").to_csv(
        held, index=False
    )
    flags = ["--group", "größe", "--test-data", str(held), TASKS[0], TASKS[2], *QUICK]
    for data in (one, shards):
        out = str(tmp_path / f"run of {data.name}")
        assert main(["--data", str(data), *flags, "--out", out]) == 0
    for name in FILES:
        first = (tmp_path / "run of one.csv" / name).read_bytes()
        assert first == (tmp_path / f"run of {shards.name}" / name).read_bytes()
    metrics = json.loads((tmp_path / "run of one.csv" / "metrics.json").read_text())
    assert metrics["rows"] == {"train": 120, "test": 30}


@pytest.mark.slow
def test_no_temporary_file_is_left(shards, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    flags = [TASKS[0], "--members=1", "--epochs=1", "--patience=1", "--quiet"]
    out = str(tmp_path / "run")
    assert main(["--data", str(shards), *flags, "--out", out]) == 0
    # TensorFlow removes the files of its own, and what Python compiled of them, when
    # the process ends.
    files = [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]
    assert [path.name for path in files if "autograph" not in path.name] == []


def spoil_columns(folder):
    pd.DataFrame({"a": [1]}).to_csv(folder / "1.csv", index=False)
    return "1.csv: expected the columns of 0.csv"


def spoil_bytes(folder):
    (folder / "1.csv").write_bytes(b"a\n\xff\n")
    return "1.csv, line 2: expected text in UTF-8"


def mix(folder):
    (folder / "3.parquet").write_bytes(b"PAR1")
    return "expected files of one kind"


def empty(folder):
    for name in os.listdir(folder):
        os.unlink(folder / name)
    return "expected a folder of *.csv, *.jsonl or *.parquet files"


@pytest.mark.parametrize("spoil", [spoil_columns, spoil_bytes, mix, empty])
def test_a_bad_folder_is_told_before_tensorflow_loads(
    spoil, shards, tmp_path, run_python
):
    folder = tmp_path / "visits"
    folder.mkdir()
    for name in os.listdir(shards):
        (folder / name).write_bytes((shards / name).read_bytes())
    expected = spoil(folder)
    arguments = ["-m", "keras_mtl.fit", "--data", folder, TASKS[0], "--out"]
    done = run_python(*arguments, tmp_path / "run", shadowed=True)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == ["visits"]


def test_a_bad_cell_is_named_by_its_file(shards, tmp_path, capsys):
    folder = tmp_path / "visits"
    folder.mkdir()
    for name in os.listdir(shards):
        (folder / name).write_bytes((shards / name).read_bytes())
    frame = pd.read_csv(folder / "2.csv")
    frame["cost"] = frame["cost"].astype(object)
    frame.loc[4, "cost"] = "much"
    frame.to_csv(folder / "2.csv", index=False)
    out = str(tmp_path / "run")
    assert main(["--data", str(folder), TASKS[2], "--out", out]) == 2
    told = capsys.readouterr().err
    assert "'much' in data row 5 (line 6) of 2.csv" in told
