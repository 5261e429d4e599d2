"""What the trials of a search promise, by real searches."""

from dataclasses import replace

import numpy as np
import pytest

from keras_mtl.configuration import build_config
from keras_mtl.errors import UserError
from keras_mtl.training import MemberPrograms
from tests.tuning.conftest import LOSS, SPACE, prepare
from tuning import search_loop, trial_program
from tuning.objective import Objective
from tuning.oracles import Asker, tuner_seed
from tuning.search_loop import run_trials
from tuning.search_settings import SearchSettings
from tuning.trial_data import make_trial_data
from tuning.trial_program import Measured
from tuning.trial_store import TrialStore
from tuning.trials import best_trial, trials_table

pytestmark = pytest.mark.xdist_group("searches")


def faked(configs, data, yardstick, widest=None, together=True, programs=None):
    """Measures trials at once: a higher learning rate is better in both folds."""
    rates = [config.training.learning_rate for config in configs]
    return [Measured([{"val_loss": -r, "val_b_loss": r}] * 2, [1, 1]) for r in rates]


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(search_loop, "measure_trials", faked)


def test_trials_differ_and_are_all_measured(trials):
    assert [trial.number for trial in trials] == [1, 2, 3]
    assert len({str(trial.config) for trial in trials}) == 3
    for trial in trials:
        assert trial.completed
        assert len(trial.folds) == len(trial.epochs) == SPACE.folds
        assert all(1 <= epoch <= 3 for epoch in trial.epochs)


@pytest.mark.slow
def test_trials_together_are_measured_as_each_alone(prepared, data, trials):
    alone = run_trials(prepared.config, SPACE, LOSS, data, together=False)
    for one, other in zip(trials, alone, strict=True):
        assert one.values == other.values
        for name, value in one.metrics.items():
            assert other.metrics[name] == pytest.approx(value, rel=1e-3), name
    assert best_trial(alone, LOSS).number == best_trial(trials, LOSS).number


def test_the_test_rows_are_not_there(prepared, data, trials):
    frame = prepared.frame.copy()
    for column in frame.select_dtypes("number"):
        frame[column] = frame[column].astype("float64")
        frame.loc[prepared.test_rows, column] = 1e9
    labels = {name: values.copy() for name, values in prepared.labels.items()}
    for values in labels.values():
        values[prepared.test_rows] = np.nan
    split = prepared.split._replace(frame=frame)
    changed = make_trial_data(
        replace(prepared, split=split, labels=labels), SPACE.folds
    )
    assert len(changed.rows.rows) == len(prepared.train_rows)
    for mine, other in zip(data.folds, changed.folds, strict=True):
        np.testing.assert_array_equal(
            data.encode(data.rows.features, mine),
            changed.encode(changed.rows.features, other),
        )


def test_a_fold_is_measured_on_rows_that_taught_nothing(data):
    features = data.rows.features
    fold = data.folds[0]
    both = np.concatenate([fold.train, fold.test])
    assert sorted(both) == list(range(len(data.rows.rows)))
    groups = data.rows.groups
    assert {*groups[fold.train]}.isdisjoint(groups[fold.test])
    # A statistic is that of the fold's training rows.
    numeric = next(
        each for each in data.encode.learned(features, fold) if each.kind == "numeric"
    )
    column = data.rows.frame[numeric.column_name].to_numpy("float64")[fold.train]
    known = column[np.isfinite(column)]
    assert known.size
    assert abs(numeric.mean - known.mean()) < 0.2 * known.std()


def test_searched_loss_weights_do_not_bend_the_yardstick(trials):
    weights = [trial.config.tasks[1].loss_weight for trial in trials]
    assert max(weights) > 2 * min(weights)
    for trial in trials:
        for fold in trial.folds:
            both = fold["val_thal_loss"] + fold["val_heart_loss"]
            assert fold["val_loss"] == pytest.approx(both, rel=1e-12)


def test_a_loss_is_that_of_the_predictions_measured(trials):
    for fold in trials[0].folds:
        for name in ("thal", "heart"):
            loss, log_loss = (
                fold[f"val_{name}_{metric}"] for metric in ("loss", "log_loss")
            )
            assert loss == pytest.approx(log_loss, rel=1e-4)


def test_a_trial_that_breaks_is_told_and_leaves_the_others_alone(prepared, data):
    space = SPACE.replace(
        learning_rate=(1e-3, 1e37), trunk_widths=(4,), head_widths=(4,)
    )
    ended = run_trials(prepared.config, space, LOSS, data)
    failed = [trial for trial in ended if not trial.completed]
    assert len(ended) == 3
    assert failed
    assert all("NaN or infinite" in trial.message for trial in failed)


def test_memory_that_is_too_small_is_a_reason(prepared, data, monkeypatch):
    def fails(configs, *arguments):
        if len(configs) > 1 or configs[0].model.trunk == (4,):
            raise MemoryError("no more")
        return [Measured([{"val_loss": 1.0}] * 2, [1, 1])]

    monkeypatch.setattr(trial_program, "_measure_joined", fails)
    ended = run_trials(prepared.config, SPACE, LOSS, data)
    for trial in ended:
        assert trial.completed == (trial.config.model.trunk == (2,))
        assert trial.completed or trial.message == "out of memory: no more"


@pytest.mark.parametrize("tuner", ["random", "bayesian", "hyperband", "grid"])
def test_every_tuner_gives_as_many_different_trials_as_asked_for(
    prepared, data, fake, tuner
):
    # Seed 0, which keras-tuner itself takes for none.
    assert prepared.config.seed == 0
    space = SPACE.replace(tuner=tuner, trials=7, at_once=3)
    ended = run_trials(prepared.config, space, LOSS, data)
    assert len(ended) == 7
    assert len({str(trial.config) for trial in ended}) == 7
    again = run_trials(prepared.config, space, LOSS, data)
    assert [trial.values for trial in again] == [trial.values for trial in ended]


def test_a_grid_ends_with_its_space(prepared, data, fake):
    space = SearchSettings(
        tuner="grid",
        trials=100,
        at_once=5,
        trunk_widths=(2, 4),
        head_widths=(2, 4),
        learning_rate=(0.1, 0.1),
        loss_weight=(1, 1),
    )
    assert len(run_trials(prepared.config, space, LOSS, data)) == 2**3


def test_hyperband_trains_the_better_ones_again_for_longer(prepared, data, fake):
    config = prepared.config.replace(
        training=prepared.config.training.replace(epochs=9)
    )
    space = SPACE.replace(tuner="hyperband", trials=40)
    ended = run_trials(config, space, LOSS, data)
    rates = {
        budget: [t.config.training.learning_rate for t in ended if t.budget == budget]
        for budget in {trial.budget for trial in ended}
    }
    assert len(rates) > 1
    assert max(rates) == 9
    again = set(rates[min(rates)]) & set(rates[max(rates)])
    assert again
    # The higher rate is the better one here.
    assert min(again) > np.median(rates[min(rates)])


def test_neighboring_seeds_search_elsewhere(prepared, data, trials, fake):
    config = prepared.config.replace(seed=1)
    other = run_trials(config, SPACE, LOSS, data)
    rates = {trial.config.training.learning_rate for trial in trials}
    assert rates.isdisjoint(trial.config.training.learning_rate for trial in other)
    seeds = np.array([tuner_seed(seed) for seed in range(1000)])
    assert seeds.min() > 0
    assert np.diff(np.sort(seeds)).min() > 0


def test_a_resumed_search_takes_the_same_course_and_goes_beyond(
    prepared, data, monkeypatch, tmp_path
):
    trained = []

    def counted(configs, *arguments):
        trained.extend(configs)
        return faked(configs, *arguments)

    monkeypatch.setattr(search_loop, "measure_trials", counted)
    space = SPACE.replace(tuner="bayesian", at_once=2, trials=8)
    whole = run_trials(prepared.config, space, LOSS, data)
    trained.clear()

    run_trials(
        prepared.config, space.replace(trials=4), LOSS, data, store=TrialStore(tmp_path)
    )
    # One was killed before it was written.
    (tmp_path / "trials" / "00003.json").unlink()
    (tmp_path / "trials" / "00004.partial").touch()
    ended = run_trials(prepared.config, space, LOSS, data, store=TrialStore(tmp_path))
    assert len(trained) == 4 + 1 + 4
    chosen = {str(trial.values) for trial in whole}
    assert {str(trial.values) for trial in ended} == chosen
    assert _plain(TrialStore(tmp_path).trials) == _plain(ended)

    # Other ranges: the trials that are there stay, and are not trained again.
    trained.clear()
    other = space.replace(trials=10, trunk_widths=(3,), at_once=None, tuner="random")
    more = run_trials(prepared.config, other, LOSS, data, store=TrialStore(tmp_path))
    assert _plain(more[:8]) == _plain(ended)
    assert [config.model.trunk for config in trained] == [(3,), (3,)]


def _plain(trials):
    return [
        replace(trial, config=None).__dict__
        | {"tasks": trial.config.tasks, "model": trial.config.model}
        for trial in trials
    ]


def test_a_file_that_is_no_trial_is_told(tmp_path):
    (tmp_path / "trials").mkdir()
    (tmp_path / "trials" / "00001.json").write_text("{")
    with pytest.raises(UserError, match=r"00001\.json: expected a finished trial"):
        TrialStore(tmp_path)


def test_several_objectives_are_told_as_ranks(prepared, data, monkeypatch):
    told = []
    monkeypatch.setattr(search_loop, "measure_trials", faked)
    monkeypatch.setattr(
        Asker, "change_score", lambda self, trial_id, score: told.append(score)
    )
    # Each trial beats each other in one of the two.
    both = [LOSS, Objective("val_b_loss", "min")]
    ended = run_trials(prepared.config, SPACE, both, data)
    assert told == [1.0] * len(ended)
    table = trials_table(ended, both)
    assert (table["pareto"] == 1).all()


def test_searching_all_else_shares_programs(prepared, data, monkeypatch):
    programs = []

    def counted(configs, *arguments):
        programs.append(len(configs))
        return faked(configs, data, ())

    monkeypatch.setattr(trial_program, "_measure_joined", counted)
    space = SPACE.replace(
        trials=30,
        activation=("relu", "tanh"),
        dropout=(0.1, 0.5),
        weight_decay=(0, 0.1),
    )
    run_trials(prepared.config, space, LOSS, data)
    assert len(programs) == 2
    assert sum(programs) == 30


@pytest.mark.slow
def test_the_yardstick_weighs_as_the_settings_before_the_search():
    prepared = prepare(weights=(0.5, 3.0))
    data = make_trial_data(prepared, 2)
    (trial,) = run_trials(prepared.config, SPACE.replace(trials=1), LOSS, data)
    fold = trial.folds[0]
    expected = 0.5 * fold["val_thal_loss"] + 3.0 * fold["val_heart_loss"]
    assert fold["val_loss"] == pytest.approx(expected, rel=1e-12)


def test_strengths_are_numbers_but_for_0(prepared):
    def key(weighting="sum", architecture="hard-sharing"):
        config = prepared.config
        return trial_program._program_key(
            build_config(
                {
                    "preset": "article",
                    "training": {"weighting": weighting},
                    "model": {"architecture": architecture},
                }
            ).replace(seed=config.seed)
        )

    assert key("cagrad:c=0.1") == key("cagrad:c=0") == key("cagrad")
    assert key("cagrad:scale=paper") != key("cagrad") != key("pcgrad")
    soft = "soft-sharing:strength="
    assert key(architecture=f"{soft}0.1") == key(architecture="soft-sharing")
    assert key(architecture=f"{soft}0") != key(architecture="soft-sharing")
    assert key(architecture="mmoe:experts=2") != key(architecture="mmoe:experts=3")


def test_a_later_batch_uses_the_program_of_an_earlier_one(prepared, data, monkeypatch):
    kept = []

    class Kept(MemberPrograms):
        def __init__(self):
            super().__init__()
            kept.append(self)

    monkeypatch.setattr(search_loop, "MemberPrograms", Kept)
    space = SPACE.replace(
        trials=5,
        at_once=2,
        weighting={"name": ("dwa",), "dwa": {"temperature": (1.0, 4.0)}},
        dropout=(0.1, 0.5),
    )
    ended = run_trials(prepared.config, space, LOSS, data)
    (programs,) = kept
    # The last batch has one trial.
    assert (len(programs), programs.used_again) == (2, 1)
    new = run_trials(prepared.config, space, LOSS, data, again=False)
    assert len(kept) == 1
    assert best_trial(new, LOSS).number == best_trial(ended, LOSS).number
