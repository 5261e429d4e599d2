"""Tasks whose heads are one layer, from the command to the served model."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from keras_mtl.architectures.heads import STACKED_FROM
from keras_mtl.fit import main
from keras_mtl.layers import SplitTasks

NAMES = [f"sign{number}" for number in range(STACKED_FROM)]
SERVED = """
import json, sys
from pathlib import Path
from keras_mtl.serving.session import ServingSession

version = next(Path(sys.argv[1]).glob("serving/*/1"))
answers = ServingSession(version).run("serving_default", json.loads(sys.argv[2]))
print(json.dumps({name: answers[name].tolist() for name in sys.argv[3:]}))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    generator = np.random.default_rng(0)
    values = generator.normal(size=(160, 3))
    frame = pd.DataFrame(values, columns=["dose", "age", "height"]).round(4)
    for number, name in enumerate(NAMES):
        noise = generator.normal(size=len(frame))
        positive = values @ generator.normal(size=3) + 0.3 * noise > 0
        frame[name] = np.where(positive, "yes", "no")
        frame.loc[number::20, name] = None
    folder = tmp_path_factory.mktemp("signs")
    frame.to_csv(folder / "signs.csv", index=False)
    argv = ["--data", str(folder / "signs.csv"), "--members=3", "--epochs=3", "--quiet"]
    argv += [f"--task={name}:binary" for name in NAMES]
    assert main([*argv, "--out", str(folder / "run")]) == 0
    return folder / "run"


def _stacks(model):
    return [each for each in model._flatten_layers() if isinstance(each, SplitTasks)]


@pytest.mark.slow
def test_a_run_measures_and_answers_each_task(run):
    metrics = json.loads((run / "metrics.json").read_text())
    assert list(metrics["test"]) == NAMES
    history = pd.read_csv(run / "history.csv")
    columns = {f"val_{name}_auc" for name in NAMES}
    assert columns <= set(history)
    assert history[list(columns)].stack().between(0, 1).all()
    predictions = pd.read_csv(run / "predictions.csv")
    for name in NAMES:
        assert predictions[f"{name}_probability"].between(0, 1).all()
        assert set(predictions[f"{name}_class"]) <= {"yes", "no"}


@pytest.mark.slow
def test_the_served_answers_are_those_of_the_loaded_average(run, run_python):
    model = keras.saving.load_model(run / "model.keras")
    # One stack per member: the model of the run is the average of the members.
    assert [stack.tasks for stack in _stacks(model)] == [tuple(NAMES)] * 3
    rows = {"dose": [0.5, -1.0], "age": [0.1, 2.0], "height": [-0.3, 0.0]}
    done = run_python("-c", SERVED, run, json.dumps(rows), *NAMES)
    assert done.returncode == 0, done.stderr
    served = json.loads(done.stdout)
    inputs = {name: keras.ops.array(values) for name, values in rows.items()}
    expected = model({name: value[:, None] for name, value in inputs.items()})
    for name in NAMES:
        np.testing.assert_allclose(
            np.ravel(served[name]), np.ravel(expected[name]), atol=1e-5
        )
