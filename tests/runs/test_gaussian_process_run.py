"""A run of a Gaussian process: intervals in its files, its report and as served."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from keras_mtl.estimator import MultiTaskEstimator
from keras_mtl.fit import main
from keras_mtl.predict import main as predict
from keras_mtl.runs.own_intervals import own_intervals
from keras_mtl.tasks import BinaryTask, RegressionTask
from keras_mtl.training.settings import TrainingSettings

TASKS = ["--task", "sick:binary", "--task", "cost:regression"]
ROWS = 120


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(ROWS, 3)).round(4), columns=[*"abc"])
    wave = np.sin(2 * frame["a"])
    noise = generator.normal(size=(2, ROWS))
    frame["sick"] = np.where(wave + 0.5 * noise[0] > 0, "yes", "no")
    frame["cost"] = (100 + 30 * wave + 5 * noise[1]).round(2)
    frame.loc[::5, "cost"] = None
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    frame.to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    arguments = ["--data", data, *TASKS, "--quiet", "--out", str(folder)]
    arguments += ["--coverage", "0.9", "--architecture"]
    chosen = "gaussian-process:automatic_relevance=true,iterations=20"
    assert main([*arguments, chosen]) == 0
    return folder


def test_the_run_holds_intervals_and_what_was_learned(run):
    table = pd.read_csv(run / "predictions.csv")
    half = 0.5 * (table["cost_high"] - table["cost_low"])
    np.testing.assert_allclose(half, 1.644854 * table["cost_deviation"], rtol=1e-4)
    np.testing.assert_allclose(table["cost_low"] + half, table["cost_value"], rtol=1e-5)
    # Not all as wide: rows far from others are less sure.
    assert half.max() > 1.2 * half.min()
    metrics = json.loads((run / "metrics.json").read_text())
    held_out = metrics["calibration"]["cost"]["set"]["held_out"]
    assert 0.6 < held_out["coverage"] <= 1.0
    lengths = metrics["solution"]["length_scales"]
    assert min(lengths, key=lengths.__getitem__) == "a"
    for name in ("task_covariance", "length_scales", "cost_deviations"):
        assert (run / "plots" / f"{name}.png").is_file()
    page = (run / "report.html").read_text("utf-8")
    assert "Length scales of the features" in page
    assert "correlations of B" in page
    assert "where the variance of each output comes from" in page.lower()


def test_files_predictions_and_the_served_model_agree(run, data, tmp_path):
    target = tmp_path / "predictions.csv"
    assert predict([str(run), data, "--out", str(target)]) == 0
    table = pd.read_csv(target)
    served = tf.saved_model.load(str(run / "serving" / "multi_task" / "1"))
    frame = pd.read_csv(data)
    names = served.signatures["serving_default"].structured_input_signature[1]
    answers = served.signatures["serving_default"](
        **{name: tf.constant(frame[[name]].to_numpy("float32")) for name in names}
    )
    expected = {"cost": "cost_value"}
    expected |= {f"cost_{end}": f"cost_{end}" for end in ("low", "high", "deviation")}
    for name, column in expected.items():
        np.testing.assert_allclose(np.ravel(answers[name]), table[column], rtol=1e-4)
    model = keras.saving.load_model(run / "model.keras")
    assert model.task("cost").has_deviations


def test_the_estimator_fits_numbers_alone(data):
    frame = pd.read_csv(data)
    estimator = MultiTaskEstimator(architecture="gaussian-process:iterations=3")
    estimator.fit(frame[[*"abc"]], frame[["cost"]])
    found = np.ravel(estimator.predict(frame[[*"abc"]]))
    known = frame["cost"].notna()
    assert np.corrcoef(found[known], frame["cost"][known])[0, 1] > 0.5


def test_a_coverage_needs_intervals(data, tmp_path, capsys):
    rest = ["--data", data, "--coverage", "0.9", "--out", str(tmp_path / "run")]
    assert main([*rest, *TASKS, "--architecture", "kernel"]) == 2
    assert "training.coverage: expected none" in capsys.readouterr().err
    assert main([*rest, *TASKS[:2], "--architecture", "gaussian-process"]) == 2
    assert "expected a regression among the tasks" in capsys.readouterr().err


def test_a_joint_coverage_is_divided_among_the_numbers():
    tasks = [
        RegressionTask("low", has_deviations=True),
        RegressionTask("high", has_deviations=True),
        BinaryTask("sick"),
    ]
    settings = TrainingSettings(coverage=0.9, joint_coverage=True)
    found = own_intervals(tasks, settings).tasks
    assert found[0].set_quantile == pytest.approx(1.959964, rel=1e-5)
    assert found[2] == tasks[2]
    assert own_intervals(tasks, TrainingSettings()).tasks == tuple(tasks)


@pytest.mark.slow
def test_an_auxiliary_number_is_measured_but_not_predicted(data, tmp_path):
    folder = tmp_path / "run"
    arguments = ["--data", data, "--task", "sick:binary", "--quiet"]
    arguments += ["--auxiliary", "cost:regression", "--out", str(folder)]
    chosen = "gaussian-process:iterations=3,rank=40"
    assert main([*arguments, "--architecture", chosen]) == 0
    metrics = json.loads((folder / "metrics.json").read_text())
    assert "r2" in metrics["test"]["cost"]
    assert metrics["solution"]["approximation"] == "Nystroem"
    assert "cost_value" not in pd.read_csv(folder / "predictions.csv")


@pytest.mark.slow
def test_it_is_compared_with_a_network(data):
    from keras_mtl.comparison import compare_sharing

    settings = {
        "data": {"path": data},
        "tasks": [
            {"kind": "binary", "name": "sick"},
            {"kind": "regression", "name": "cost"},
        ],
        "model": {"architecture": "gaussian-process:iterations=10"},
    }
    other = "independent:strengths=3,folds=2"
    compared = compare_sharing(settings, folds=2, repeats=1, members=1, compare=[other])
    scores = compared.predictions
    assert {"multi-task", "single-task", other} <= set(scores["model"])
