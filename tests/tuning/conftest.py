"""A small search that the tests of this folder share."""

import pytest

from keras_mtl.configuration import build_config
from keras_mtl.runs import prepare_data
from tuning.objective import Objective
from tuning.search_loop import run_trials
from tuning.search_run import with_validation
from tuning.search_settings import SearchSettings
from tuning.trial_data import make_trial_data

LOSS = Objective("val_loss", "min")
SPACE = SearchSettings(
    trials=3,
    folds=2,
    trunk_widths=(2, 4),
    head_widths=(2, 4),
    learning_rate=(1e-3, 1e-2),
    loss_weight=(0.01, 100.0),
)


def prepare(seed=0, weights=(1.0, 1.0)):
    values = {
        "preset": "article",
        "seed": seed,
        "model": {"trunk": [4]},
        "training": {"epochs": 3, "batch_size": 128},
    }
    config = build_config(values)
    tasks = tuple(
        task.replace(loss_weight=weight)
        for task, weight in zip(config.tasks, weights, strict=True)
    )
    return prepare_data(with_validation(config.replace(tasks=tasks)))


@pytest.fixture(scope="session")
def prepared():
    return prepare()


@pytest.fixture(scope="session")
def data(prepared):
    return make_trial_data(prepared, SPACE.folds)


@pytest.fixture(scope="session")
def trials(prepared, data):
    return run_trials(prepared.config, SPACE, LOSS, data)
