"""A run of hierarchical Bayes: intervals in its files, its report and as served."""

import json

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from keras_mtl.configuration.validate import build_config
from keras_mtl.errors import UserError
from keras_mtl.fit import main
from keras_mtl.linear import HierarchicalBayesModel
from keras_mtl.predict import main as predict

NUMBERS = ("cost", "stay")
TASKS = ["--task", "sick:binary", "--task", "cost:regression"]
TASKS += ["--task", "stay:regression"]
ROWS = 200


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(ROWS, 3)).round(4), columns=[*"abc"])
    signal = frame["a"] - frame["b"]
    noise = generator.normal(size=(3, ROWS))
    frame["sick"] = np.where(signal + noise[0] > 0, "yes", "no")
    frame["cost"] = (100 + 30 * signal + 20 * noise[1]).round(2)
    frame["stay"] = (5 + signal + noise[2]).round(3)
    frame.loc[frame.index % 5 != 0, "stay"] = None
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    frame.to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    arguments = ["--data", data, *TASKS, "--quiet", "--out", str(folder)]
    arguments += ["--coverage", "0.9", "--architecture", "hierarchical-bayes"]
    assert main(arguments) == 0
    return folder


def test_the_run_holds_the_intervals_of_the_estimator(run, data, tmp_path):
    target = tmp_path / "predictions.csv"
    assert predict([str(run), data, "--out", str(target)]) == 0
    table = pd.read_csv(target)
    held_out_rows = pd.read_csv(run / "predictions.csv")["row"]
    frame = pd.read_csv(data)
    x, train = frame[[*"abc"]].to_numpy(), ~np.isin(frame.index, held_out_rows)
    labels = {name: frame[name].to_numpy()[train] for name in ("sick", *NUMBERS)}
    estimator = HierarchicalBayesModel().fit(x[train], labels)
    variances = estimator.predict_variance(x)
    for name in NUMBERS:
        half = 0.5 * (table[f"{name}_high"] - table[f"{name}_low"])
        deviation = table[f"{name}_deviation"]
        np.testing.assert_allclose(half, 1.644854 * deviation, rtol=1e-4)
        expected = np.sqrt(variances[name].ravel())
        np.testing.assert_allclose(deviation, expected, rtol=1e-3)
    metrics = json.loads((run / "metrics.json").read_text())
    held_out = metrics["calibration"]["cost"]["set"]["held_out"]
    assert 0.75 < held_out["coverage"] <= 1.0
    assert (run / "plots" / "stay_deviations.png").is_file()
    assert "Predictive variances" in (run / "report.html").read_text("utf-8")

    served = tf.saved_model.load(str(run / "serving" / "multi_task" / "1"))
    signature = served.signatures["serving_default"]
    names = signature.structured_input_signature[1]
    answers = signature(
        **{name: tf.constant(frame[[name]].to_numpy("float32")) for name in names}
    )
    columns = {name: f"{name}_value" for name in NUMBERS}
    for end in ("low", "high", "deviation"):
        columns |= {f"{name}_{end}": f"{name}_{end}" for name in NUMBERS}
    for name, column in columns.items():
        found = np.ravel(answers[name])
        np.testing.assert_allclose(found, table[column], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "task",
    [
        {"kind": "binary", "name": "sick"},
        {"kind": "regression", "name": "cost", "transform": "log"},
    ],
)
def test_a_coverage_needs_a_number_in_its_own_unit(task, data):
    settings = {
        "data": {"path": data},
        "tasks": [task],
        "model": {"architecture": "hierarchical-bayes"},
        "training": {"coverage": 0.9},
    }
    with pytest.raises(UserError, match="hierarchical-bayes has intervals of such"):
        build_config(settings)
