"""Runs that many tests read, and data that many tests change."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

# Small enough for a test, and large enough to learn something.
QUICK = ("--members", "2", "--epochs", "3", "--quiet")


@pytest.fixture(scope="session")
def heart_run(tmp_path_factory):
    """A short run of the embedded data with the default preset."""
    from keras_mtl.fit import main

    folder = tmp_path_factory.mktemp("heart") / "run"
    assert main([*QUICK, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def mixed_frame():
    """Rows (120) with a label of each kind, missing cells and words."""
    generator = np.random.default_rng(0)
    rows = 120
    age = generator.normal(50, 10, rows).round(1)
    dose = generator.integers(0, 4, rows).astype(float)
    risk = age / 10 + dose + generator.normal(0, 1, rows)
    frame = pd.DataFrame(
        {
            "age at visit": age,
            "dose": dose,
            "größe": generator.normal(170, 8, rows).round(0),
            "Site": generator.choice(["Zürich", "Basel", "Bern"], rows),
            "smoker": generator.choice(["Yes", "no"], rows),
            "relapse": np.where(risk > 6.5, "yes", "no"),
            "stage": np.select([risk < 5.5, risk < 7.5], ["I", "II"], "III"),
            "cost": (1000 * risk + 5000).round(2),
            "fever": (risk + generator.normal(0, 1, rows) > 7).astype(int),
            "cough": np.where(risk > 6, "True", "False"),
        }
    )
    for column in frame:
        frame[column] = frame[column].mask(generator.random(rows) < 0.1)
    return frame


MIXED_TASKS = (
    "--task=relapse:binary",
    "--task=stage:multiclass",
    "--task=cost:regression",
    "--task=symptoms:multilabel:fever,cough",
)


@pytest.fixture(scope="session")
def mixed_run(tmp_path_factory, mixed_frame):
    """A run of generated data with four kinds of tasks."""
    from keras_mtl.fit import main

    folder = tmp_path_factory.mktemp("mixed")
    data = folder / "visits.csv"
    mixed_frame.to_csv(data, index=False)
    run = folder / "run"
    argv = ["--data", str(data), *MIXED_TASKS, *QUICK, "--out", str(run)]
    argv += ["--class-weight=stage=balanced", "--class-weight=relapse=yes:2"]
    assert main(argv) == 0
    return run


@pytest.fixture(scope="session")
def run_python(tmp_path_factory):
    """A function that runs Python in a new process, optionally without Keras."""
    shadows = tmp_path_factory.mktemp("shadows")
    for name in ("tensorflow", "keras"):
        (shadows / f"{name}.py").write_text(
            f"raise SystemExit('{name} was imported')\n"
        )

    def run(*arguments, cwd=None, shadowed=False, stdin=None):
        environment = dict(os.environ)
        root = str(Path(__file__).parents[1])
        paths = [str(shadows), root] if shadowed else [root]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=cwd,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    return run


# The rows of a small model of three tasks.
ROWS, WIDTH = 96, 5


@pytest.fixture
def tasks():
    from keras_mtl.tasks import BinaryTask, MulticlassTask, RegressionTask

    return [
        MulticlassTask("kind", classes=("a", "b", "c"), widths=(6,)),
        BinaryTask("sick", widths=(4,)),
        RegressionTask("age"),
    ]


@pytest.fixture
def data():
    """Inputs and labels; half of the labels of one task are missing."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(ROWS, WIDTH)).astype("float32")
    kind = (inputs[:, 0] > 0).astype("float32") + (inputs[:, 1] > 0)
    kind[::2] = np.nan
    return inputs, {
        "kind": kind,
        "sick": (inputs[:, 2] > 0).astype("float32"),
        "age": inputs[:, 3],
    }


@pytest.fixture
def make_model(tasks):
    import keras

    from keras_mtl.architectures import build_hard_sharing

    def make(seed=0, **settings):
        keras.utils.set_random_seed(seed)
        return build_hard_sharing(WIDTH, tasks, trunk=(8, 7), **settings)

    return make
