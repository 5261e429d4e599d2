"""Fits, predictions and comparisons of architectures that are solved for."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from keras_mtl.architectures import build_architecture
from keras_mtl.configuration.validate import build_config
from keras_mtl.errors import UserError
from keras_mtl.fit import main
from keras_mtl.predict import main as predict
from keras_mtl.runs.prepare import prepare_data

ROWS = 160
TASKS = [
    "--task",
    "sick:binary",
    "--task",
    "kind:multiclass",
    "--task",
    "cost:regression",
    "--task",
    "signs:multilabel:fever,cough",
]


def write_rows(path):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(ROWS, 5)).round(4), columns=[*"abcde"])
    signal = frame["a"] + frame["b"]
    noise = generator.normal(size=(4, ROWS))
    frame["sick"] = np.where(signal + noise[0] > 0, "yes", "no")
    frame["kind"] = np.array(["p", "q", "r"])[np.digitize(signal, [-1, 1])]
    frame["cost"] = (100 + 30 * signal + 5 * noise[1]).round(2)
    frame["fever"] = (signal + noise[2] > 0).astype(int)
    frame["cough"] = (frame["a"] + noise[3] > 0).astype(int)
    frame.loc[::5, "cost"] = None
    frame.loc[1::5, "sick"] = None
    frame.loc[2::5, "cough"] = None
    for index in range(10):
        frame[f"noise{index}"] = generator.normal(size=ROWS).round(4)
    frame.to_csv(path, index=False)
    return frame


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    write_rows(path)
    return str(path)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    arguments = ["--data", data, *TASKS, "--quiet", "--out", str(folder)]
    arguments += ["--architecture", "group-sparse:one_standard_error=true,strengths=12"]
    assert main(arguments) == 0
    return folder


def test_the_run_holds_what_was_found(run):
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["members"] == 1
    assert metrics["epochs"] == []
    assert metrics["test"]["cost"]["r2"] > 0.8
    found = metrics["solution"]
    assert found["residual"] < 1e-6
    path = pd.read_csv(run / "strengths.csv")
    assert len(path) == 12
    chosen = path[path["chosen"]]
    assert chosen["strength"].item() == pytest.approx(found["strength"])
    # The rule takes a strength that is larger than the best one.
    assert found["strength"] > found["best_strength"]
    assert (run / "plots" / "strength_path.png").is_file()
    assert "Weights of the features in standard units" in (
        run / "report.html"
    ).read_text("utf-8")


def test_weights_are_zero_for_all_outputs_or_for_none(run):
    table = pd.read_csv(run / "weights.csv", index_col="feature")
    assert list(table) == [
        "sick",
        "kind[p]",
        "kind[q]",
        "kind[r]",
        "cost",
        "signs[fever]",
        "signs[cough]",
    ]
    used = table.to_numpy() != 0
    assert (used.any(axis=1) == used.all(axis=1)).all()
    assert used[[*table.index].index("a")].all()
    assert not used.all()
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["solution"]["features_used"] == used.all(axis=1).sum()
    # The model's kernels have the same zeros.
    model = keras.saving.load_model(run / "model.keras")
    (core,) = [layer for layer in model.layers if hasattr(layer, "tasks")]
    kernels = np.hstack([core.get_layer(task.name).kernel for task in core.tasks])
    np.testing.assert_array_equal(kernels != 0, used)


def test_files_predictions_and_the_served_model_agree(run, data, tmp_path):
    target = tmp_path / "predictions.csv"
    assert predict([str(run), data, "--out", str(target)]) == 0
    table = pd.read_csv(target)
    served = tf.saved_model.load(str(run / "serving" / "multi_task" / "1"))
    frame = pd.read_csv(data)
    signature = served.signatures["serving_default"]
    columns = signature.structured_input_signature[1]
    inputs = {
        name: tf.constant(
            frame[name].to_numpy().astype("float32").reshape(spec.shape.rank * [-1][:1])
            if spec.shape.rank == 1
            else frame[[name]].to_numpy("float32")
        )
        for name, spec in columns.items()
    }
    answers = signature(**inputs)
    np.testing.assert_allclose(
        np.ravel(answers["cost"]), table["cost_value"], rtol=1e-4
    )


@pytest.mark.slow
def test_the_same_command_gives_the_same_bytes(run, tmp_path):
    config = str(run / "config.toml")
    again = tmp_path / "again"
    assert main(["--config", config, "--quiet", "--out", str(again)]) == 0
    for name in ("weights.csv", "strengths.csv", "predictions.csv"):
        assert (again / name).read_bytes() == (run / name).read_bytes()


@pytest.mark.slow
def test_a_hierarchical_run_shows_how_far_tasks_are_drawn_together(data, tmp_path):
    folder = tmp_path / "run"
    arguments = ["--data", data, *TASKS, "--quiet", "--out", str(folder)]
    assert main([*arguments, "--architecture", "hierarchical-bayes"]) == 0
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["test"]["cost"]["r2"] > 0.8
    found = metrics["solution"]
    weights = pd.read_csv(folder / "weights.csv", index_col="feature")
    shrinkage = pd.read_csv(folder / "shrinkage.csv", index_col="feature")
    assert [*found["shrinkage"]] == [*shrinkage] == [*weights]
    assert shrinkage.stack().between(0, 1).all()
    np.testing.assert_allclose(shrinkage.mean(), [*found["shrinkage"].values()])
    assert 0 < found["noise"]["cost"] < 0.2
    prior = pd.read_csv(folder / "prior.csv", index_col="feature")
    assert [*prior.index] == [*weights.index]
    assert list(prior)[::2] == ["binary_mean", "multiclass_mean", "regression_mean"]
    # Binary tasks and labels are alike, and so their mean finds what all depend on.
    assert {*prior["binary_mean"].nlargest(2).index} == {"a", "b"}
    page = (folder / "report.html").read_text("utf-8")
    assert "shrunk to the mean of the tasks" in page
    assert "The Gaussians that the weights are drawn from" in page
    # The model serves the same weights, in the features' units.
    model = keras.saving.load_model(folder / "model.keras")
    (core,) = [layer for layer in model.layers if hasattr(layer, "tasks")]
    kernels = [core.get_layer(task.name).kernel.numpy() for task in core.tasks]
    # The second output of a number is its deviation, behind all features.
    kernels[2] = kernels[2][:-1, :1]
    ratios = weights.to_numpy() / np.hstack(kernels)
    np.testing.assert_allclose(ratios, ratios[:, :1] * np.ones(7), rtol=1e-4)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ("hierarchical-bayes:variance=-1", "model.architecture.variance: expected"),
        ("hierarchical-bayes:covariance=round", "architecture.covariance: expected"),
        ("clustered:clusters=9", "at most as many clusters as the tasks have outputs"),
        ("group-sparse:strength=-1", "model.architecture.strength: expected"),
        ("dirty:shared=0", "model.architecture.shared: expected"),
        ("low-rank:clusters=2", "clusters"),
    ],
)
def test_settings_that_cannot_serve_end_the_command(
    architecture, message, data, tmp_path, capsys
):
    arguments = ["--data", data, *TASKS, "--architecture", architecture]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_too_many_clusters_are_reported_with_the_other_settings():
    clustered = {"name": "clustered", "clusters": 3}
    settings = {
        "data": {"path": "no.csv"},
        "tasks": [
            {"kind": "binary", "name": "sick"},
            {"kind": "regression", "name": "dose"},
        ],
        "model": {"architecture": clustered},
        "training": {"patience": 3, "validation_fraction": 0},
    }
    with pytest.raises(UserError) as caught:
        build_config(settings)
    assert "outputs, 2; received 3" in str(caught.value)
    assert "training.validation_fraction: expected" in str(caught.value)
    # Classes that only the rows tell, and helpers, may make further outputs.
    settings["training"] = {}
    settings["tasks"][0]["kind"] = "multiclass"
    assert build_config(settings).model.architecture.name == "clustered"
    settings["tasks"][0]["classes"] = ["a", "b"]
    assert build_config(settings).model.architecture.name == "clustered"
    settings["model"]["architecture"] = {**clustered, "clusters": 4}
    with pytest.raises(UserError, match="outputs, 3; received 4"):
        build_config(settings)
    helper = {"kind": "hint", "name": "old", "expression": "age > 60"}
    with_helper = {**settings, "auxiliary": [helper]}
    assert build_config(with_helper).model.architecture.name == "clustered"


def test_a_search_refuses_what_is_solved(data, tmp_path):
    from tuning.search_run import run_search
    from tuning.search_settings import SearchSettings

    config = build_config(
        {
            "data": {"path": data},
            "tasks": [{"kind": "binary", "name": "sick"}],
            "model": {"architecture": "low-rank"},
            "output": {"folder": str(tmp_path / "search")},
        }
    )
    with pytest.raises(UserError, match="low-rank is solved"):
        run_search(config, SearchSettings())


def test_every_linear_architecture_is_one_layer_per_task(data):
    config = build_config(
        {"data": {"path": data}, "tasks": [{"kind": "binary", "name": "sick"}]}
    )
    tasks = prepare_data(config).tasks
    for name in (
        "independent",
        "group-sparse",
        "dirty",
        "low-rank",
        "mean-regularised",
        "clustered",
        "hierarchical-bayes",
    ):
        model = build_architecture(name, 5, tasks)
        assert [layer.name for layer in model.layers] == ["features", "sick"]
        assert model.count_params() == 6


@pytest.mark.slow
def test_networks_and_solved_architectures_are_compared(data):
    from keras_mtl.comparison import compare_sharing

    settings = {
        "data": {"path": data},
        "tasks": [
            {"kind": "binary", "name": "sick"},
            {"kind": "regression", "name": "cost"},
        ],
        "model": {"architecture": "group-sparse:strengths=8,folds=3"},
        "training": {"epochs": 2, "patience": 0, "validation_fraction": 0.0},
    }
    compared = compare_sharing(
        settings, folds=3, repeats=1, members=1, compare=["low-rank:strengths=8"]
    )
    scores = compared.predictions
    assert {"multi-task", "single-task", "low-rank:strengths=8"} <= set(scores["model"])
    assert "single-task, same size" not in set(scores["model"])
