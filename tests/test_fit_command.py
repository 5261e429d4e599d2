"""A fit writes a complete run folder, and an equal folder when repeated."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pandas as pd
import pytest

from keras_mtl.fit import main
from keras_mtl.runs.run_folder import choose_folder

QUICK = ("--members=2", "--epochs=3", "--quiet")
FILES = {
    "MODEL_CARD.md",
    "config.toml",
    "history.csv",
    "metrics.json",
    "model.keras",
    "plots",
    "predictions.csv",
    "report.html",
    "report.json",
    "serving",
}
CLASSES = ["rows", "accuracy", "balanced_accuracy", "auc", "log_loss", "brier"]
MEASURES = {
    "thal": CLASSES,
    "heart": CLASSES,
    "relapse": CLASSES,
    "stage": CLASSES,
    "cost": ["rows", "mae", "mse", "r2"],
    "symptoms": [*CLASSES, "subset_accuracy"],
}


def check_run(run, tasks, test_rows):
    assert set(os.listdir(run)) >= FILES
    metrics = json.loads((run / "metrics.json").read_text())
    for side in ("test", "train"):
        assert list(metrics[side]) == tasks
        for task in tasks:
            assert list(metrics[side][task]) == MEASURES[task]
    assert metrics["rows"]["test"] == test_rows
    predictions = pd.read_csv(run / "predictions.csv", keep_default_na=False)
    assert len(predictions) == test_rows
    assert predictions.columns[0] == "row"
    assert predictions["row"].is_monotonic_increasing
    history = pd.read_csv(run / "history.csv")
    assert history["epoch"].tolist() == [1, 2, 3]
    assert np.isfinite(history).all(axis=None)
    expected = {"epoch", "loss", "val_loss"}
    expected |= {f"{side}{task}_loss" for side in ("", "val_") for task in tasks}
    assert expected <= set(history)
    return metrics, predictions, history


def test_the_embedded_data_gives_a_whole_run(heart_run):
    metrics, predictions, history = check_run(heart_run, ["thal", "heart"], 184)
    assert metrics["rows"]["train"] == 736
    assert metrics["test"]["heart"]["auc"] > 0.8
    assert {"val_thal_accuracy", "val_thal_auc", "val_heart_auc"} <= set(history)
    assert (heart_run / "serving" / "heart_disease" / "1" / "saved_model.pb").is_file()
    known = predictions[predictions["heart"] != ""]
    accuracy = (known["heart"] == known["heart_class"]).mean()
    assert metrics["test"]["heart"]["accuracy"] == pytest.approx(accuracy)


def test_the_card_is_the_summary_of_the_report(heart_run):
    summary = json.loads((heart_run / "report.json").read_text())["values"]
    metrics = json.loads((heart_run / "metrics.json").read_text())
    found = {each["task"]: each["value"] for each in summary["results"]}
    assert found == {
        task: pytest.approx(metrics["test"][task]["auc"]) for task in ("thal", "heart")
    }
    card = (heart_run / "MODEL_CARD.md").read_text()
    assert summary["alerts"]
    for alert in summary["alerts"]:
        assert alert["title"] in card
    for result in summary["results"]:
        assert f"{result['low']:.4g} to {result['high']:.4g}" in card
    assert set(summary["importance"]) == {"thal", "heart"}
    extra = heart_run / "serving" / "heart_disease" / "1" / "assets.extra"
    assert (extra / "model_card.md").read_text() == card
    details = json.loads((extra / "metadata.json").read_text())["details"]
    assert details["report"] == summary


@pytest.mark.slow
def test_importance_is_measured_as_often_as_asked(tmp_path):
    for repeats, shown in (("0", False), ("2", True)):
        out = tmp_path / repeats
        flags = [*QUICK, "--importance-repeats", repeats, "--out", str(out)]
        assert main(flags) == 0
        report = json.loads((out / "report.json").read_text())
        titles = {section["title"] for section in report["sections"]}
        assert ("Importance of features" in titles) is shown
        assert f"importance_repeats = {repeats}" in (out / "config.toml").read_text()


def test_four_kinds_of_task_together_give_a_whole_run(mixed_run):
    tasks = ["relapse", "stage", "cost", "symptoms"]
    _, predictions, _ = check_run(mixed_run, tasks, 24)
    assert set(predictions["relapse_class"]) <= {"yes", "no"}
    assert {"I", "II", "III"} >= set(predictions["stage_class"])
    assert predictions["cost_value"].astype(float).between(5000, 25000).all()
    assert {"symptoms_probability[fever]", "symptoms_probability[cough]"} <= set(
        predictions
    )


@pytest.mark.slow
def test_a_runs_settings_repeat_it_to_the_last_digit_from_anywhere(
    mixed_run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    config = str(mixed_run / "config.toml")
    assert main(["--config", config, "--out", "again", "--quiet"]) == 0
    for name in ("metrics.json", "predictions.csv", "history.csv", "config.toml"):
        again = (tmp_path / "again" / name).read_bytes()
        assert again == (mixed_run / name).read_bytes(), name


@pytest.mark.slow
def test_the_same_seed_in_a_new_process_gives_the_same_run(
    heart_run, tmp_path, run_python
):
    done = run_python("-m", "keras_mtl.fit", *QUICK, "--out", "run", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for name in ("metrics.json", "predictions.csv"):
        again = (tmp_path / "run" / name).read_bytes()
        assert again == (heart_run / name).read_bytes(), name


@pytest.mark.slow
def test_the_article_preset_is_the_articles_network(tmp_path, run_python):
    done = run_python("-m", "keras_mtl.fit", "--preset=article", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    run = tmp_path / "runs" / "heart_disease"
    assert json.loads((run / "metrics.json").read_text())["parameters"] == 5764
    told = re.findall(r"epoch (\d+): .*thal_loss [\d.]+ +heart_loss", done.stdout)
    assert told == ["10", "20", "30", "40", "50"]
    model = keras.saving.load_model(run / "model.keras", compile=False)
    assert model.get_layer("core").count_params() == 5764


def test_a_run_is_replaced_only_when_asked(heart_run, capsys):
    before = (heart_run / "metrics.json").stat().st_mtime_ns
    assert main([*QUICK, "--out", str(heart_run)]) == 2
    assert "or replace it with --overwrite" in capsys.readouterr().err
    assert (heart_run / "metrics.json").stat().st_mtime_ns == before


@pytest.mark.slow
# Most files are written in the last third.
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_a_killed_fit_leaves_no_folder_that_looks_complete(
    share, tmp_path, whole_fit_seconds
):
    process = _start_fit(tmp_path)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(share * whole_fit_seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    visible = [name for name in os.listdir(tmp_path) if not name.startswith(".")]
    assert visible in ([], ["run"])
    if visible:
        assert set(os.listdir(tmp_path / "run")) >= FILES
    else:
        # The remains of the killed fit do not disturb the next fit.
        run = tmp_path / "run"
        assert choose_folder(str(run), False, "heart") == run


@pytest.fixture(scope="module")
def whole_fit_seconds(tmp_path_factory):
    start = time.monotonic()
    assert _start_fit(tmp_path_factory.mktemp("timed")).wait() == 0
    return time.monotonic() - start


def _start_fit(folder):
    return subprocess.Popen(
        [sys.executable, "-m", "keras_mtl.fit", *QUICK, "--epochs=1", "--out=run"],
        cwd=folder,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.slow
def test_watching_the_conflict_adds_columns_and_a_plot(tmp_path, heart_run):
    from keras_mtl.analysis import conflict_columns

    folder = tmp_path / "run"
    assert main([*QUICK, "--watch-conflict", "--out", str(folder)]) == 0
    table = pd.read_csv(folder / "history.csv")
    columns = conflict_columns(["thal", "heart"])
    assert list(table)[-len(columns) :] == columns
    assert table["thal_heart_cosine"].between(-1, 1).all()
    assert (folder / "plots" / "gradient_conflict.png").exists()
    # Watching does not change the fit, and a fit without it has no such columns.
    plain = pd.read_csv(heart_run / "history.csv")
    assert not set(columns) & set(plain)
    np.testing.assert_allclose(table[list(plain)], plain, rtol=1e-3)
    assert not (heart_run / "plots" / "gradient_conflict.png").exists()
