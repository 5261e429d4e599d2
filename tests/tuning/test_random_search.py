"""What the trials of a search promise, by real searches."""

from dataclasses import replace

import keras_tuner
import numpy as np
import pytest

from keras_mtl.configuration import build_config
from keras_mtl.runs import prepare_data
from tuning import random_search
from tuning.hyper_model import MultiTaskHyperModel
from tuning.objective import Objective
from tuning.random_search import run_trials
from tuning.search_run import with_validation
from tuning.search_settings import SearchSettings
from tuning.trial_data import encode_rows, trial_rows
from tuning.trials import Trial, best_trial, trials_table

pytestmark = pytest.mark.xdist_group("searches")

LOSS = Objective("val_loss", "min")
THREE = SearchSettings(
    trials=3,
    trunk_widths=(4, 8),
    head_widths=(4, 8),
    learning_rate=(1e-3, 1e-2),
    loss_weight=(0.01, 100.0),
)


def prepare(seed=0, weights=(1.0, 1.0)):
    values = {
        "preset": "article",
        "seed": seed,
        "model": {"trunk": [8]},
        "training": {"epochs": 4},
    }
    config = build_config(values)
    tasks = tuple(
        task.replace(loss_weight=weight)
        for task, weight in zip(config.tasks, weights, strict=True)
    )
    return prepare_data(with_validation(config.replace(tasks=tasks)))


def run(data, settings=THREE, objective=LOSS):
    encoded = encode_rows(data, trial_rows(data))
    return run_trials(data.config, settings, objective, encoded)


@pytest.fixture(scope="module")
def data():
    return prepare()


@pytest.fixture(scope="module")
def trials(data):
    return run(data)


def test_trials_differ_and_are_all_measured(trials):
    assert [trial.number for trial in trials] == [1, 2, 3]
    assert len({str(trial.config) for trial in trials}) == 3
    assert all(trial.completed and 1 <= trial.epochs <= 4 for trial in trials)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_trials(data, trials):
    # Seed 0, which keras-tuner itself takes for none.
    assert data.config.seed == 0
    assert run(data) == trials


def test_neighbouring_seeds_search_elsewhere(trials):
    (other,) = run(prepare(seed=1), THREE.replace(trials=1))
    rates = {trial.config.training.learning_rate for trial in trials}
    assert other.config.training.learning_rate not in rates


def test_the_test_rows_are_not_looked_at(data, trials):
    frame = data.frame.copy()
    for column in frame.select_dtypes("number"):
        frame[column] = frame[column].astype("float64")
        frame.loc[data.test_rows, column] = 1e9
    labels = {name: values.copy() for name, values in data.labels.items()}
    for values in labels.values():
        values[data.test_rows] = np.nan
    split = data.split._replace(frame=frame)
    changed = replace(data, split=split, labels=labels)
    assert run(changed, THREE.replace(trials=1)) == trials[:1]


def test_a_trial_is_measured_on_rows_it_does_not_learn_from(data):
    rows = trial_rows(data)
    both = np.concatenate([rows.train, rows.validation])
    assert sorted(both) == sorted(data.train_rows)
    assert {*data.groups[rows.train]}.isdisjoint(data.groups[rows.validation])
    encoded = encode_rows(data, rows)
    assert not encoded.inputs[data.test_rows].any()
    assert all(
        np.isnan(values[data.test_rows]).all() for values in encoded.labels.values()
    )


def test_searched_loss_weights_do_not_bend_the_yardstick(trials):
    weights = [trial.config.tasks[1].loss_weight for trial in trials]
    assert max(weights) > 2 * min(weights)
    for trial in trials:
        sum_of_losses = sum(
            trial.metrics[f"val_{name}_loss"] for name in ("thal", "heart")
        )
        assert trial.metrics["val_loss"] == pytest.approx(sum_of_losses, rel=1e-12)


def test_the_yardstick_weighs_as_the_settings_before_the_search():
    (trial,) = run(prepare(weights=(0.5, 3.0)), THREE.replace(trials=1))
    expected = (
        0.5 * trial.metrics["val_thal_loss"] + 3.0 * trial.metrics["val_heart_loss"]
    )
    assert trial.metrics["val_loss"] == pytest.approx(expected, rel=1e-12)


def test_a_loss_is_that_of_the_answers_measured(trials):
    for trial in trials:
        for name in ("thal", "heart"):
            loss, log_loss = (
                trial.metrics[f"val_{name}_{measure}"]
                for measure in ("loss", "log_loss")
            )
            assert loss == pytest.approx(log_loss, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "direction", "best_of"),
    [("val_loss", "min", min), ("val_heart_auc", "max", max)],
)
def test_the_best_trial_is_best_in_the_objectives_direction(
    trials, name, direction, best_of
):
    objective = Objective(name, direction)
    best = best_trial(trials, objective)
    assert best.metrics[name] == best_of(trial.metrics[name] for trial in trials)
    table = trials_table(trials, objective)
    assert table.loc[table["rank"] == 1, "trial"].tolist() == [best.number]


def test_trials_that_do_not_train_are_told_and_do_not_stop_the_search(
    data, monkeypatch
):
    def diverges(*args, **kwargs):
        raise FloatingPointError("heart_loss is NaN in epoch 3.")

    monkeypatch.setattr("tuning.hyper_model.fit_members", diverges)
    # keras-tuner would give up after three.
    trials = run(data, THREE.replace(trials=5))
    assert [trial.number for trial in trials] == [1, 2, 3, 4, 5]
    assert not any(trial.completed for trial in trials)
    assert {trial.message for trial in trials} == {"heart_loss is NaN in epoch 3."}
    assert best_trial(trials, LOSS) is None


def test_failed_trials_are_in_the_table_and_never_best(trials):
    failed = Trial(4, trials[0].config, message="diverged")
    table = trials_table([failed, *trials], LOSS)
    assert table["status"].tolist() == ["failed", *["completed"] * 3]
    assert table["rank"].isna().tolist() == [True, False, False, False]
    assert table["message"].tolist() == ["diverged", "", "", ""]
    assert table.columns[-1] == "message"


def test_any_other_failure_ends_the_search(data, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("out of order")

    monkeypatch.setattr("tuning.hyper_model.fit_members", broken)
    with pytest.raises(RuntimeError, match="RuntimeError: out of order"):
        run(data)


def test_building_is_pure(data):
    encoded = encode_rows(data, trial_rows(data))
    hyper_model = MultiTaskHyperModel(data.config, THREE, encoded)
    hp = keras_tuner.HyperParameters()
    first, second = hyper_model.build(hp), hyper_model.build(hp)
    assert first.get_config()["tasks"] == second.get_config()["tasks"]
    assert hyper_model.config is data.config
    assert first.input_shape[1:] == encoded.inputs.shape[1:]


def test_tuner_seeds_are_never_zero_and_far_apart():
    seeds = np.array([random_search._tuner_seed(seed) for seed in range(1000)])
    assert seeds.min() > 0
    assert np.diff(np.sort(seeds)).min() > 0
    assert np.abs(np.diff(seeds)).min() > 1000
