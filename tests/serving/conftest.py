import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

import keras_mtl as km
from keras_mtl.serving.saved_model import write_saved_model

# One of each kind, and names that Python or TensorFlow has a use for.
TASKS = (
    km.MulticlassTask("thal", widths=(8,)),
    km.BinaryTask("heart", column="num", positive="> 0", widths=(8,), threshold=0.4),
    km.RegressionTask("years", column="age"),
    km.MultilabelTask("finding", labels=("fbs", "exang")),
)
FEATURES = (
    km.NumericFeature("lambda", column="age"),
    km.NumericFeature("Chol", column="chol", missing_values=(0,)),
    km.NumericFeature("chol", column="oldpeak"),
    km.CategoricalFeature("def", column="sex"),
    km.CategoricalFeature("return", column="thal", vocabulary=("normal", "NA")),
    km.BooleanFeature("outputs", column="exang"),
    km.CategoricalFeature("ca", column="ca"),
)


class RestServer:
    """A client of `rest_server.py`."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("rest_server.py")), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, verb, **body):
        self.process.stdin.write(json.dumps([verb, body]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the server has gone"
        return json.loads(line)

    def predict(self, rows, **body):
        return self.ask("predict", instances=rows, **body)["predictions"]


# The umask of a group that works in one folder.
SHARED = 0o002


@pytest.fixture(scope="session")
def frame():
    return km.load_heart_disease()


@pytest.fixture(scope="session")
def model(frame):
    keras.utils.set_random_seed(0)
    tasks = [task.resolve(frame, "heart") for task in TASKS]
    return km.build_hard_sharing(
        km.learn_features(FEATURES, frame), tasks, trunk=(8, 16)
    )


@pytest.fixture(scope="session")
def version(model, tmp_path_factory):
    """One written version: the folder `heart_disease/1`."""
    path = tmp_path_factory.mktemp("serving") / "heart_disease" / "1"
    details = {"metrics": {"test": {"heart": {"auc": float("nan")}}}, "seed": 3}
    before = os.umask(SHARED)
    try:
        write_saved_model(model, path, details=details)
    finally:
        os.umask(before)
    return path


@pytest.fixture(scope="session")
def server(version):
    server = RestServer(version)
    yield server
    server.process.stdin.close()
    server.process.wait(timeout=60)
