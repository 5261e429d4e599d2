"""The command, from flags to its folder."""

import subprocess
import sys
import time
import tomllib

import numpy as np
import pandas as pd
import pytest

from keras_mtl.errors import UserError
from keras_mtl.runs.run_folder import choose_folder
from tuning import __main__ as command
from tuning.search_run import SEARCH_MARKS

SMALL = ("--trials", "3", "--preset", "article", "--trunk", "8", "--epochs", "5")


def tune(*arguments, folder):
    return run_module("tuning", *arguments, folder=folder)


def run_module(module, *arguments, folder):
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=600,
    )


def errors(result):
    return [
        line.removeprefix("error: ")
        for line in result.stderr.splitlines()
        if line.startswith("error: ")
    ]


@pytest.mark.slow
def test_a_killed_search_goes_on_to_settings_that_a_fit_takes(tmp_path):
    found = tmp_path / "found"
    flags = ("--objective", "val_heart_auc", "--at-once", "2", "--out", "found")
    command = [sys.executable, "-m", "tuning", *SMALL, "--trials", "500", *flags]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as search:
        while not (found / "trials" / "00002.json").exists():
            assert search.poll() is None
            time.sleep(0.05)
        search.kill()
    finished = {path.name: path.read_bytes() for path in found.glob("trials/*.json")}
    count = len(finished) + 2
    result = tune("--resume", "found", "--trials", count, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert f"{len(finished)} trials are there already" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["found"]
    assert {path.name for path in found.iterdir()} == {
        "best",
        "config.toml",
        "report.html",
        "report.json",
        "search.toml",
        "trials",
        "trials.csv",
    }
    for name, text in finished.items():
        assert (found / "trials" / name).read_bytes() == text

    trials = pd.read_csv(found / "trials.csv")
    assert trials["trial"].tolist() == [*range(1, count + 1)]
    assert trials["learning_rate"].nunique() == count
    assert (trials["status"] == "completed").all()
    assert (trials["objective"] == trials["val_heart_auc"]).all()
    best = trials.loc[trials["val_heart_auc"].idxmax()]
    assert best["rank"] == 1

    config = tomllib.loads((found / "config.toml").read_text())
    assert config["model"]["trunk"] == [best["trunk"]]
    assert config["training"]["learning_rate"] == best["learning_rate"]
    for task in config["tasks"]:
        assert task["widths"] == [best[f"{task['name']}.widths"]]
        assert task.get("loss_weight", 1.0) == best[f"{task['name']}.loss_weight"]
    assert "search" not in config

    history = pd.read_csv(found / "best" / "history.csv")
    # The fit is the trial once more, on other validation rows.
    heart = history["val_heart_auc"].max()
    assert heart == pytest.approx(best["val_heart_auc"], abs=0.1)
    assert (found / "best" / "metrics.json").is_file()
    fitted = tomllib.loads((found / "best" / "config.toml").read_text())
    assert fitted["training"] == config["training"]
    assert fitted["tasks"] == config["tasks"]

    chosen = tune("--resume", "found", "--choose", "2", folder=tmp_path)
    assert chosen.returncode == 0, chosen.stderr
    config = tomllib.loads((found / "config.toml").read_text())
    assert config["training"]["learning_rate"] == trials["learning_rate"][1]


@pytest.mark.slow
def test_a_search_on_own_data_that_can_not_train_keeps_the_reasons(tmp_path):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(80, 2)), columns=["a", "b"])
    frame["size"] = frame["a"] * 3 + 1
    frame["plan"] = np.where(frame["b"] > 0, "yes", "no")
    frame.to_csv(tmp_path / "my.csv", index=False)
    (tmp_path / "my.toml").write_text("[search]\nlearning_rate = [1e37, 1e38]\n")
    own = ("--data", "my.csv", "--task", "size:regression", "--task", "plan:binary")
    result = tune(*own, "--trials", 2, "--config", "my.toml", folder=tmp_path)
    assert result.returncode == 2
    (message,) = errors(result)
    assert "all 2 failed" in message
    folder = tmp_path / "runs" / "multi_task-search"
    assert pd.read_csv(folder / "trials.csv")["message"].notna().all()
    assert not (folder / "config.toml").exists()

    small = ("--trials", 2, "--epochs", 3, "--quiet", "--no-fit")
    good = tune(*own, *small, folder=tmp_path)
    assert good.returncode == 0, good.stderr
    assert not (tmp_path / "runs" / "multi_task-search-2" / "best").exists()
    trials = pd.read_csv(tmp_path / "runs" / "multi_task-search-2" / "trials.csv")
    assert {"val_size_r2", "val_plan_auc", "plan.loss_weight"} <= {*trials}


def test_a_misspelt_objective_ends_before_the_search(tmp_path):
    result = tune("--objective", "val_hart_auc", "--out", "found", folder=tmp_path)
    assert result.returncode == 2
    (message,) = errors(result)
    assert "Did you mean 'val_heart_auc'?" in message
    assert list(tmp_path.iterdir()) == []


def test_all_mistakes_are_told_at_once_and_nothing_is_written(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.toml").write_text("[search]\ntrails = 3\n[training]\nepoch = 3\n")
    arguments = ["--config", "my.toml", "--trials", "none", "--out", "found"]
    assert command.main([*arguments, "--objectiv", "val_loss", "--epochs", "0"]) == 2
    told = capsys.readouterr().err
    for part in (
        "--objectiv: no such flag. Did you mean '--objective'?",
        "search.trials: expected a valid integer",
        "search.trails: unknown setting. Did you mean 'trials'?",
        "training.epoch: unknown setting. Did you mean 'epochs'?",
        "training.epochs: expected",
    ):
        assert part in told
    assert [path.name for path in tmp_path.iterdir()] == ["my.toml"]


def test_the_help_loads_nothing_heavy(tmp_path):
    code = (
        "import sys; from tuning.__main__ import main; status = main(['--help'])\n"
        "heavy = {'numpy', 'pandas', 'keras', 'keras_tuner', 'tensorflow'}\n"
        "sys.exit(status or sorted(heavy & {*sys.modules}) or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    for flag in ("--trials", "--objective", "--out", "--data", "--task", "--preset"):
        assert flag in result.stdout
    assert "--learning-rate" not in result.stdout


def test_a_flag_of_fit_that_a_search_lacks_is_refused_with_a_reason(capsys):
    arguments = ["--from", "x", "--frozen-epochs=2", "--learning-rate", "0.1"]
    assert command.main(arguments) == 2
    told = capsys.readouterr().err
    assert "--from: a search trains from the beginning. Leave it out" in told
    assert "--frozen-epochs: a search trains from the beginning." in told
    assert "--learning-rate: a search tries learning rates." in told
    assert "no such flag" not in told


def test_what_a_resumed_search_may_not_change_is_refused(tmp_path, capsys):
    folder = tmp_path / "found"
    assert command.main(["--resume", str(folder), "--choose", "x"]) == 2
    assert "--choose: expected the number of a trial" in capsys.readouterr().err
    assert command.main(["--choose", "1"]) == 2
    assert "expected --resume DIR with it" in capsys.readouterr().err
    assert command.main(["--resume", str(folder)]) == 2
    assert "expected the folder of a search" in capsys.readouterr().err
    folder.mkdir()
    (folder / "search.toml").write_text("[search]\nfolds = 4\n")
    arguments = ["--resume", str(folder), "--epochs", "3", "--folds", "5"]
    assert command.main([*arguments, "--tuner", "randm"]) == 2
    told = capsys.readouterr().err
    for part in (
        "training.epochs: a search that is resumed keeps its settings",
        "search.folds: expected 4, as the trials in",
        "search.tuner: expected",
    ):
        assert part in told
    assert command.main(["--resume", str(folder), "--choose", "3"]) == 2
    assert "one of none; received 3" in capsys.readouterr().err


def test_overwrite_replaces_searches_alone(tmp_path):
    folder = tmp_path / "found"
    assert choose_folder(str(folder), False, "x", SEARCH_MARKS) == folder
    folder.mkdir()
    with pytest.raises(UserError, match="does not exist yet"):
        choose_folder(str(folder), False, "x", SEARCH_MARKS)
    with pytest.raises(UserError, match=r"lacks search\.toml"):
        choose_folder(str(folder), True, "x", SEARCH_MARKS)
    (folder / "search.toml").touch()
    assert choose_folder(str(folder), True, "x", SEARCH_MARKS) == folder
