"""Two workers train one run, and survive the loss of one."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from keras_mtl.runs.checkpoint import checkpoint_path, read_checkpoint

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow

# A batch size that two workers can't halve, and a method that looks at losses.
SETTINGS = (
    "--task=relapse:binary",
    "--task=cost:regression",
    "--members=2",
    "--batch-size=11",
    "--dropout=0",
    "--patience=4",
    "--weighting=uncertainty",
    "--trunk=8,4",
)
CURVES = ("--epochs=8",)
# Long enough to be killed in the midst of it.
LONG = ("--epochs=150", "--patience=0")
# What a process that hangs is found by; a loaded machine takes minutes.
SECONDS = 900
# Below those that a system gives to outgoing connections: one that waits for a
# port of that kind may be given the same, and then waits for itself.
PORTS = range(12_000, 32_000)


def two_ports():
    """Returns ports that were free just now."""
    found = []
    # Other than those of tests beside this one, which begin with the same seed.
    for port in random.SystemRandom().sample(PORTS, 200):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == 2:
            return found
    pytest.fail("no free ports")


def start(folder, *flags, config=None, **how):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("TF_CONFIG", None)
    if config is not None:
        environment["TF_CONFIG"] = json.dumps(config)
    return subprocess.Popen(
        [sys.executable, "-m", "keras_mtl.fit", "--quiet", "--out=run", *flags],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


def start_two(folders, *flags, second=None):
    cluster = {"worker": [f"127.0.0.1:{port}" for port in two_ports()]}
    return [
        start(
            folder,
            *(flags if index == 0 or second is None else second),
            config={"cluster": cluster, "task": {"type": "worker", "index": index}},
        )
        for index, folder in enumerate(folders)
    ]


def end(process):
    """Waits for a process, and returns its status and what it told."""
    try:
        told = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        told = process.communicate()
        pytest.fail(f"still running after {SECONDS} s: {told}")
    return process.returncode, *told


def run_two(folders, *flags):
    """Runs two workers to their end, again if a port was taken meanwhile."""
    for _ in range(3):
        ends = [end(process) for process in start_two(folders, *flags)]
        if not any("already in use" in stderr for _, _, stderr in ends):
            return ends
    return ends


@pytest.fixture
def folders(tmp_path, mixed_frame):
    """A folder of its own for each worker, with the same rows."""
    return make_folders(tmp_path, mixed_frame)


def make_folders(parent, mixed_frame):
    found = [parent / name for name in ("chief", "second")]
    for folder in found:
        folder.mkdir()
        # Labels that one half of a batch may lack.
        frame = mixed_frame.copy()
        frame.loc[frame.index % 3 > 0, "relapse"] = np.nan
        frame.to_csv(folder / "visits.csv", index=False)
    return found


DATA = "--data=visits.csv"


def check_close(run, other):
    one, two = (pd.read_csv(folder / "history.csv") for folder in (run, other))
    pd.testing.assert_frame_equal(one, two, rtol=1e-4, atol=1e-4)
    one, two = (pd.read_csv(folder / "predictions.csv") for folder in (run, other))
    pd.testing.assert_frame_equal(one, two, rtol=1e-4, atol=1e-4)


def test_they_make_the_run_that_one_makes(folders, tmp_path):
    flags = (*SETTINGS, *CURVES, DATA)
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "visits.csv").write_bytes(
        (folders[0] / "visits.csv").read_bytes()
    )
    assert end(start(tmp_path / "alone", *flags))[0] == 0
    ends = run_two(folders, *flags)
    assert [status for status, _, _ in ends] == [0, 0], ends
    check_close(folders[0] / "run", tmp_path / "alone" / "run")
    # The chief alone writes.
    assert os.listdir(folders[1]) == ["visits.csv"]
    assert sorted(os.listdir(folders[0])) == ["run", "visits.csv"]


def test_folders_of_shards_give_the_run_of_one_file(folders, tmp_path):
    # Rows of a folder lie on a disk, and each worker streams its part.
    flags = (*SETTINGS, *CURVES)
    alone = tmp_path / "alone"
    alone.mkdir()
    for number, folder in enumerate(folders):
        file = folder / "visits.csv"
        file.rename(alone / "visits.csv")
        frame = pd.read_csv(alone / "visits.csv")
        shards = folder / "visits"
        shards.mkdir()
        # The same rows, cut in another way.
        for part, rows in enumerate(np.array_split(np.arange(len(frame)), 2 + number)):
            frame.iloc[rows].to_csv(shards / f"part-{part}.csv", index=False)
    assert end(start(alone, *flags, DATA))[0] == 0
    ends = run_two(folders, *flags, "--data=visits")
    assert [status for status, _, _ in ends] == [0, 0], ends
    check_close(folders[0] / "run", alone / "run")
    assert os.listdir(folders[1]) == ["visits"]


def test_workers_with_other_rows_are_refused(folders):
    frame = pd.read_csv(folders[1] / "visits.csv")
    frame["dose"] += 1
    frame.to_csv(folders[1] / "visits.csv", index=False)
    ends = run_two(folders, *SETTINGS, *CURVES, DATA)
    for status, _, stderr in ends:
        assert status == 2
        assert "expected the data of the chief" in stderr
        assert "worker 1 of 2" in stderr
    assert os.listdir(folders[0]) == ["visits.csv"]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, mixed_frame):
    """The run of two workers that nobody kills."""
    folders = make_folders(tmp_path_factory.mktemp("unbroken"), mixed_frame)
    ends = run_two(folders, *SETTINGS, *LONG, DATA)
    assert [status for status, _, _ in ends] == [0, 0], ends
    return folders[0] / "run"


@pytest.mark.parametrize("victim", [0, 1])
def test_the_loss_of_a_worker_is_told_and_the_run_goes_on(folders, unbroken, victim):
    flags = (*SETTINGS, *LONG, DATA)
    path = checkpoint_path(folders[0] / "run")
    processes = start_two(folders, *flags)
    # The first epoch is written at once; how soon a later one is, the machine
    # decides.
    while all(each.poll() is None for each in processes) and not epoch_of(path):
        time.sleep(0.05)
    processes[victim].send_signal(signal.SIGKILL)
    status, _, stderr = end(processes[1 - victim])
    assert status == 1
    last = stderr.strip().splitlines()[-1]
    assert last.startswith(f"stopped: worker {1 - victim} of 2 (127.0.0.1:")
    assert f"lost worker {victim} of 2 (127.0.0.1:" in last
    assert "--resume" in last
    assert end(processes[victim])[0] == -signal.SIGKILL
    assert 1 <= epoch_of(path) < 150
    assert not (folders[0] / "run").exists()

    # The second one has no file to go on from: the chief gives it its own.
    ends = run_two(folders, "--resume")
    assert [status for status, _, _ in ends] == [0, 0], ends
    for name in ("history.csv", "predictions.csv", "metrics.json"):
        one, two = (run / name for run in (folders[0] / "run", unbroken))
        assert one.read_bytes() == two.read_bytes(), name


ALONE = """
import sys
from keras_mtl.fit import main
from keras_mtl.runs import cluster
cluster.MINUTES_TO_START = 0.1
sys.exit(main(["--quiet", "--out=run"]))
"""


@pytest.mark.parametrize("index", [0, 1])
def test_a_worker_does_not_wait_for_ever(tmp_path, index):
    cluster = {"worker": [f"127.0.0.1:{port}" for port in two_ports()]}
    config = {"cluster": cluster, "task": {"type": "worker", "index": index}}
    ended = subprocess.run(
        [sys.executable, "-c", ALONE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CONFIG": json.dumps(config)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 1
    assert "Timeout (0:00:06)!" in ended.stderr
    assert "wait_for_all_workers_of_tf_config" in ended.stderr
    # A lock that the hard end left claims nothing.
    assert set(os.listdir(tmp_path)) <= {".run.lock"}


def epoch_of(path):
    return read_checkpoint(path).progress.epoch if path.exists() else 0
