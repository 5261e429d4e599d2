"""Auxiliary tasks from the command line: trained and measured, never predicted."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import keras_mtl as km
from keras_mtl.datasets import load_heart_disease
from keras_mtl.fit import main as fit
from keras_mtl.predict import main as predict
from tests.conftest import QUICK

AUXILIARY = ["--auxiliary", "exercise:hindsight:thalach,exang"]
AUXILIARY += ["--auxiliary", "grade:smoothed:num"]
NAMES = {"exercise_thalach", "exercise_exang", "grade"}
TEXTS = ("config.toml", "history.csv", "metrics.json", "predictions.csv")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("auxiliary") / "run"
    assert fit([*QUICK, *AUXILIARY, "--quiet", "--out", str(folder)]) == 0
    return folder


def test_they_are_measured_and_in_the_history(run):
    metrics = json.loads((run / "metrics.json").read_text())
    assert set(metrics["test"]) == {"thal", "heart"} | NAMES
    assert set(metrics["auxiliary"]) == NAMES
    history = pd.read_csv(run / "history.csv")
    assert {f"{name}_loss" for name in NAMES} < {*history}


def test_they_are_in_nothing_that_predicts(run, tmp_path, capsys):
    predictions = pd.read_csv(run / "predictions.csv")
    assert not [name for name in predictions if name.startswith(tuple(NAMES))]
    model = keras.saving.load_model(run / "model.keras", compile=False)
    assert [task.name for task in model.tasks] == ["thal", "heart"]
    assert not [
        layer.name
        for layer in model._flatten_layers()
        if layer.name.startswith(tuple(NAMES))
    ]
    served = tf.saved_model.load(str(run / "serving" / "heart_disease" / "1"))
    for name, signature in served.signatures.items():
        outputs = signature.structured_outputs
        assert not [key for key in outputs if key.startswith(tuple(NAMES))], name
    extra = run / "serving" / "heart_disease" / "1" / "assets.extra"
    metadata = json.loads((extra / "metadata.json").read_text())
    assert [task["name"] for task in metadata["tasks"]] == ["thal", "heart"]
    assert set(metadata["details"]["metrics"]["test"]) == {"thal", "heart"}

    rows = load_heart_disease().iloc[predictions["row"]]
    # A request has only the values that are known before the exercise test.
    rows = rows.drop(columns=["thalach", "exang", "num"])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    capsys.readouterr()
    for name in ("model.keras", "training_model.keras"):
        out = tmp_path / f"{name}.csv"
        assert (
            predict([str(run / name), f"{tmp_path}/rows.csv", "--out", f"{out}"]) == 0
        )
        again = pd.read_csv(out)
        columns = [name for name in again if "probability" in name]
        np.testing.assert_array_equal(again[columns], predictions[columns])


def test_the_model_to_train_on_has_them(run):
    model = keras.saving.load_model(run / "training_model.keras", compile=False)
    names = {task.name for task in model.tasks if task.auxiliary}
    assert names == NAMES
    final = km.without_auxiliary(model)
    assert list(final.output) == ["thal", "heart"]
    assert final.features == model.features


def check_same(one, other):
    for name in TEXTS:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.slow
def test_the_settings_repeat_the_run_and_resume_gives_the_same(
    run, tmp_path, monkeypatch
):
    from keras_mtl.runs.checkpoint import KeepProgress

    again = tmp_path / "again"
    config = ["--config", str(run / "config.toml"), "--quiet", "--out"]
    assert fit([*config, str(again)]) == 0
    check_same(run, again)

    kept = KeepProgress.__call__

    def stop(self, progress):
        kept(self, progress)
        if progress.epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(KeepProgress, "__call__", stop)
    arguments = [*QUICK, *AUXILIARY, "--quiet", "--out", str(tmp_path / "resumed")]
    assert fit(arguments) == 1
    monkeypatch.undo()
    # The settings of the run are given again.
    assert fit([*arguments, "--resume"]) == 0
    check_same(run, tmp_path / "resumed")


@pytest.mark.slow
def test_an_evaluation_says_whether_they_help():
    settings = {
        "training": {"epochs": 2},
        "auxiliary": [
            {"kind": "hindsight", "name": "exercise", "columns": ["thalach", "exang"]},
            {"kind": "smoothed", "name": "grade", "column": "num"},
        ],
    }
    found = km.compare_sharing(settings, folds=2, repeats=1, members=1)
    judged = found.judgements["without auxiliary tasks"].tasks
    assert [each.task for each in judged] == ["thal", "heart"]
    sentences = [each.verdict.sentence for each in judged]
    assert all("raining with auxiliary tasks" in sentence for sentence in sentences)
    assert found.verdicts[-2:] == sentences
    # Tasks that are not predicted have neither metrics nor verdicts.
    assert [task.name for task in found.tasks] == ["thal", "heart"]
    assert {*found.metrics["task"]} == {"thal", "heart"}
    assert found.candidates[:3] == (
        "multi-task",
        "without auxiliary tasks",
        "single-task",
    )


def test_a_repeated_flag_of_another_kind_is_reported_with_all_else(capsys):
    arguments = ["--auxiliary", "a:hnt:chol", "--auxiliary", "b:hint:chol >"]
    assert fit(["--epochs", "0", *arguments]) == 2
    told = capsys.readouterr().err
    assert "Did you mean 'hint'" in told
    assert "auxiliary[b].expression" in told
    assert "training.epochs" in told
