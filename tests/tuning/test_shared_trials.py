"""What several processes make of one search."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_mtl.configuration import build_config
from keras_mtl.configuration.toml_file import read_toml
from keras_mtl.errors import UserError
from tests.tuning.conftest import LOSS, SPACE
from tests.tuning.test_search_loop import faked
from tuning import __main__ as command
from tuning import search_loop
from tuning.oracles import Asker
from tuning.search_loop import run_trials
from tuning.search_settings import build_search_settings
from tuning.search_workers import begin_or_join
from tuning.shared_trials import SharedTrials
from tuning.trial_store import TrialStore

pytestmark = pytest.mark.xdist_group("searches")

ROOT = Path(__file__).parents[2]
SMALL = ("--preset", "article", "--trunk", "4", "--epochs", "3", "--folds", "2")
TRIALS = 4


def begin(*arguments):
    line = [sys.executable, "-m", "tuning", *SMALL, "--no-fit", *map(str, arguments)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen(line, cwd=ROOT, text=True, **quiet)


def claimed(folder, alive=()):
    """Waits for a claim of a trial, and returns the process that has it."""
    while True:
        assert all(each.poll() is None for each in alive)
        for path in sorted(folder.glob("shared/*/[0-9]*.0")):
            if text := path.read_text():
                return json.loads(text)["pid"]
        time.sleep(0.02)


def proposed(folder):
    """Returns the choices that one process's tuner makes of the same settings."""
    values = read_toml(str(folder / "search.toml"))
    settings = build_search_settings(values.pop("search"))
    asker = Asker(build_config(values), settings, settings.trials, str(folder / "x"))
    return [dict(t.hyperparameters.values) for t in asker.ask(settings.trials)]


@pytest.mark.slow
def test_a_search_ends_though_one_of_two_processes_is_killed(tmp_path):
    folder = tmp_path / "found"
    flags = ("--join", "--out", folder, "--trials", TRIALS, "--per-claim", 2)
    both = [begin(*flags) for _ in range(2)]
    killed = claimed(folder, both)
    os.kill(killed, signal.SIGKILL)
    (dead,) = (each for each in both if each.pid == killed)
    (other,) = (each for each in both if each.pid != killed)
    assert dead.wait() == -signal.SIGKILL
    assert other.wait(timeout=300) == 0, other.stderr.read()
    trials = TrialStore(folder).trials
    assert [trial.number for trial in trials] == [*range(1, TRIALS + 1)]
    assert all(trial.completed for trial in trials)
    # One process would have tried the same, under the same numbers.
    assert [trial.values for trial in trials] == proposed(folder)
    assert (folder / "config.toml").is_file()


@pytest.mark.slow
def test_workers_end_a_search_though_one_is_killed(tmp_path):
    folder = tmp_path / "found"
    flags = ("--workers", 2, "--out", folder, "--trials", TRIALS)
    search = begin(*flags, "--per-claim", 2)
    os.kill(claimed(folder, [search]), signal.SIGKILL)
    assert search.wait(timeout=300) == 0, search.stderr.read()
    trials = TrialStore(folder).trials
    assert [trial.number for trial in trials] == [*range(1, TRIALS + 1)]
    assert all(trial.completed for trial in trials)
    assert (folder / "config.toml").is_file()
    for path in folder.glob("shared/*/[0-9]*.*"):
        with pytest.raises(ProcessLookupError):
            os.kill(json.loads(path.read_text()).get("pid", 2**22 + 1), 0)


@pytest.mark.parametrize("tuner", ["random", "bayesian", "hyperband", "grid"])
def test_a_shared_search_tries_what_a_search_of_one_process_tries(
    prepared, data, monkeypatch, tmp_path, tuner
):
    monkeypatch.setattr(search_loop, "measure_trials", faked)
    space = SPACE.replace(tuner=tuner, trials=7, at_once=3)
    alone = run_trials(prepared.config, space, LOSS, data)
    shared = SharedTrials(tmp_path, {}, per_claim=2, seconds=60)
    told = []
    store = TrialStore(tmp_path)
    ended = run_trials(
        prepared.config, space, LOSS, data, told.append, store, shared=shared
    )
    assert [trial.values for trial in ended] == [trial.values for trial in alone]
    assert [trial.number for trial in told] == [*range(1, 8)]
    # Who joins late takes the same course, and has nothing left to train.
    monkeypatch.setattr(search_loop, "measure_trials", None)
    shared = SharedTrials(tmp_path, {}, per_claim=2, seconds=60)
    store = TrialStore(tmp_path)
    again = run_trials(prepared.config, space, LOSS, data, None, store, shared=shared)
    assert [trial.values for trial in again] == [trial.values for trial in alone]


def test_a_trial_that_kills_its_processes_is_given_up(
    prepared, data, monkeypatch, tmp_path
):
    monkeypatch.setattr(search_loop, "measure_trials", faked)
    shared = SharedTrials(tmp_path, {}, per_claim=8, seconds=60)
    for death in range(3):
        (shared.folder / f"2.{death}").write_text('{"host": "elsewhere", "pid": 1}')
        os.utime(shared.folder / f"2.{death}", (0, 0))
    store = TrialStore(tmp_path)
    ended = run_trials(prepared.config, SPACE, LOSS, data, None, store, shared=shared)
    assert [trial.completed for trial in ended] == [True, False, True]
    assert "3 processes died" in ended[1].message


def test_processes_of_another_search_may_not_join(tmp_path):
    folder = tmp_path / "found"
    begin_or_join(folder, {"seed": 1, "search": {"trials": 3}})
    begin_or_join(folder, {"seed": 1, "search": {"trials": 3}})
    with pytest.raises(UserError, match=r"search\.trials: expected 3") as raised:
        begin_or_join(folder, {"seed": 2, "search": {}})
    assert len(raised.value.messages) == 2
    assert "received the default" in raised.value.messages[1]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").touch()
    with pytest.raises(UserError, match=r"it has no search\.toml"):
        begin_or_join(tmp_path / "other", {"seed": 1})
    assert {path.name for path in tmp_path.iterdir()} == {"found", "other"}


def test_flags_that_do_not_fit_together_are_refused_at_once(capsys):
    assert command.main(["--join", "--workers", "x", "--trials", "0"]) == 2
    told = capsys.readouterr().err
    for part in (
        "--join: expected --out DIR with it",
        "--workers: cannot be combined with --join",
        "--workers: expected a number of processes from 1 to 1024; received 'x'",
        "search.trials: expected",
    ):
        assert part in told
    assert command.main(["--join", "--out", "x", "--overwrite"]) == 2
    assert "--overwrite: cannot be combined with --join" in capsys.readouterr().err
    assert command.main(["--join", "--resume", "x"]) == 2
    assert "--join: cannot be combined with --resume" in capsys.readouterr().err
