"""A killed fit can be resumed, and ends like a fit that was not stopped."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_mtl.fit import main
from keras_mtl.runs.checkpoint import checkpoint_path, read_checkpoint
from tests.conftest import QUICK

TEXTS = ("config.toml", "history.csv", "metrics.json", "predictions.csv")


def check_same(run, other):
    for name in TEXTS:
        assert (run / name).read_bytes() == (other / name).read_bytes(), name
    one, two = (
        keras.saving.load_model(folder / "model.keras", compile=False)
        for folder in (run, other)
    )
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture
def stop_after(monkeypatch):
    """A function that interrupts the next fits after a number of epochs."""

    def set_up(epochs):
        from keras_mtl.runs.checkpoint import KeepProgress

        kept = KeepProgress.__call__

        def call(self, progress):
            kept(self, progress)
            if progress.epoch == epochs:
                raise KeyboardInterrupt

        monkeypatch.setattr(KeepProgress, "__call__", call)

    yield set_up
    monkeypatch.undo()


def test_an_interrupted_fit_says_how_to_go_on_and_does(
    heart_run, tmp_path, monkeypatch, capsys, stop_after
):
    monkeypatch.chdir(tmp_path)
    stop_after(2)
    assert main([*QUICK]) == 1
    assert capsys.readouterr().err == (
        "stopped: after epoch 2 of 3, which is kept. Resume with: "
        "python -m keras_mtl.fit --out runs/heart_disease --resume\n"
    )
    assert os.listdir("runs") == [".heart_disease.checkpoint"]

    # The command is refused before anything is loaded or lost.
    assert main(["--resume", "--epochs", "4", "--seed", "1"]) == 2
    told = capsys.readouterr().err
    assert "training.epochs: --resume continues the run's own setting, 3" in told
    assert "seed: --resume continues the run's own setting, 0; received 1" in told
    # Two errors about settings, and one error with the remedy.
    assert told.count("error:") == 3
    assert main(["--resume", "--out", "other"]) == 2
    assert "none was to become other" in capsys.readouterr().err

    stop_after(None)
    assert main(["--resume", "--quiet"]) == 0
    assert os.listdir("runs") == ["heart_disease"]
    run = tmp_path / "runs" / "heart_disease"
    check_same(run, heart_run)

    assert main(["--resume", "--out", str(run)]) == 0
    assert "this run is complete" in capsys.readouterr().out
    assert main(["--resume", "--out", str(run), *QUICK]) == 0
    assert main(["--resume", "--out", str(run), *QUICK, "--epochs=9"]) == 2
    assert "own setting, 3; received 9" in capsys.readouterr().err
    assert main(["--resume", "--out", str(run), "--members=2"]) == 0
    assert main(["--resume", "--out", str(run), "--members=3"]) == 2
    assert capsys.readouterr().err.count("error:") == 2


def test_changed_or_absent_data_and_a_broken_checkpoint_are_refused(
    mixed_frame, tmp_path, capsys, stop_after
):
    data, run = tmp_path / "visits.csv", tmp_path / "run"
    mixed_frame.to_csv(data, index=False)
    argv = [*QUICK, "--data", str(data), "--task=cost:regression", "--out", str(run)]
    stop_after(1)
    assert main(argv) == 1
    stop_after(None)
    capsys.readouterr()
    resume = ["--resume", "--out", str(run)]
    mixed_frame.assign(dose=mixed_frame["dose"] + 1).to_csv(data, index=False)
    assert main(resume) == 2
    told = capsys.readouterr().err
    assert "Changed since: column dose. Put the data back" in told
    data.unlink()
    assert main(resume) == 2
    assert "visits.csv: no such file" in capsys.readouterr().err
    path = checkpoint_path(run)
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert main(resume) == 2
    assert "its bytes have changed" in capsys.readouterr().err
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.slow
def test_a_new_fit_gives_an_interrupted_run_up_and_says_so(
    mixed_frame, tmp_path, capsys, stop_after
):
    data, run = tmp_path / "visits.csv", tmp_path / "run"
    mixed_frame.to_csv(data, index=False)
    argv = [*QUICK, "--data", str(data), "--task=cost:regression", "--out", str(run)]
    stop_after(2)
    assert main(argv) == 1
    stop_after(1)
    capsys.readouterr()
    assert main([*argv, "--seed=1"]) == 1
    assert (
        "is discarded, as this fit starts from the beginning" in capsys.readouterr().err
    )
    checkpoint = read_checkpoint(checkpoint_path(run))
    assert checkpoint.settings["seed"] == 1
    assert checkpoint.progress.epoch == 1


LONG = ("--members=2", "--epochs=60", "--patience=0", "--batch-norm", "--weighting=rlw")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    assert start(folder, *LONG).wait() == 0
    return folder / "run"


@pytest.mark.slow
def test_a_fit_that_is_killed_again_and_again_ends_as_an_unbroken_one(
    unbroken, tmp_path
):
    path, run = checkpoint_path(tmp_path / "run"), tmp_path / "run"
    flags, reached = LONG, [0]
    # In the first epoch, during training, and twice while the folder is written.
    for wanted, patience in ((1, 0.0), (20, 0.3), (60, 0.0), (60, 2.0)):
        process = start(tmp_path, *flags)
        while process.poll() is None and epoch_of(path) < wanted:
            time.sleep(0.02)
        time.sleep(patience)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not run.exists()
        reached.append(epoch_of(path))
        assert reached[-1] >= wanted
        flags = ("--resume",)
    assert reached == sorted(reached)
    assert start(tmp_path, *flags).wait() == 0
    check_same(run, unbroken)
    assert not path.exists()


@pytest.mark.slow
def test_a_fit_told_to_terminate_keeps_its_last_epoch(unbroken, tmp_path):
    path = checkpoint_path(tmp_path / "run")
    process = start(tmp_path, *LONG, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not path.exists():
        time.sleep(0.02)
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told == (
        f"stopped: after epoch {epoch_of(path)} of 60, which is kept. Resume with: "
        "python -m keras_mtl.fit --out run --resume\n"
    )
    assert start(tmp_path, "--resume").wait() == 0
    check_same(tmp_path / "run", unbroken)


def epoch_of(path):
    return read_checkpoint(path).progress.epoch if path.exists() else 0


def start(folder, *flags, stderr=subprocess.DEVNULL, **how):
    return subprocess.Popen(
        [sys.executable, "-m", "keras_mtl.fit", "--quiet", "--out=run", *flags],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stderr=stderr,
        start_new_session=True,
        **how,
    )
