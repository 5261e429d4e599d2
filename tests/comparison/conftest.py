"""Small tables and comparisons that take seconds."""

import numpy as np
import pandas as pd
import pytest

QUICK = {
    "training": {
        "epochs": 2,
        "batch_size": 32,
        "patience": 0,
        "validation_fraction": 0.25,
    },
    "model": {"trunk": [6]},
    "heads": {"widths": [4]},
}


def make_frame(rows=90, seed=0):
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(generator.normal(size=(rows, 3)).round(4), columns=[*"abc"])
    frame["kind"] = np.where(frame["a"] > 0, "p", "q")
    frame["sick"] = (frame["b"] + generator.normal(size=rows) > 0).astype(int)
    frame["cost"] = (100 + 30 * frame["c"]).round(2)
    frame.loc[::7, "cost"] = None
    return frame


TASKS = [
    {"kind": "multiclass", "name": "kind"},
    {"kind": "binary", "name": "sick"},
    {"kind": "regression", "name": "cost"},
]


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    """The settings of a run on a small table with three kinds of task."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    make_frame().to_csv(path, index=False)
    return {**QUICK, "data": {"path": str(path)}, "tasks": TASKS}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("evaluation") / "out"


@pytest.fixture(scope="session")
def compared(settings, folder):
    """A comparison with all models, kept in `folder`."""
    from keras_mtl.comparison import compare_sharing

    return compare_sharing(
        settings, folds=3, repeats=1, members=2, by=["kind"], out=str(folder)
    )
