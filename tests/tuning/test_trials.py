"""How trials are ranked and shown."""

import numpy as np
import pytest

from keras_mtl.configuration.fit_config import FitConfig
from tests.tuning.conftest import LOSS
from tuning.objective import Objective
from tuning.trials import (
    Trial,
    best_trial,
    optimism,
    pareto_front,
    pareto_ranks,
    trials_table,
)

CONFIG = FitConfig()
A, B = Objective("a", "max"), Objective("b", "min")


def trial(number, *folds):
    return Trial(number, CONFIG, folds, (1,) * len(folds))


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
    spread = table.loc[table["rank"] == 1, "objective_spread"].item()
    folds = [fold[name] for fold in best.folds]
    assert spread == pytest.approx(np.std(folds, ddof=1))


def test_failed_trials_are_in_the_table_and_never_best(trials):
    failed = Trial(4, trials[0].config, message="diverged")
    table = trials_table([failed, *trials], LOSS)
    assert table["status"].tolist() == ["failed", *["completed"] * 3]
    assert table["rank"].isna().tolist() == [True, False, False, False]
    assert table["message"].tolist() == ["diverged", "", "", ""]
    assert table.columns[-1] == "message"
    assert best_trial([failed], LOSS) is None


def test_a_front_is_what_no_other_trial_beats():
    generator = np.random.default_rng(0)
    costs = generator.integers(0, 6, (40, 3)).tolist()
    ranks = pareto_ranks(costs)
    for cost, rank in zip(costs, ranks, strict=True):
        beaten_by = [
            r
            for other, r in zip(costs, ranks, strict=True)
            if other != cost and all(x <= y for x, y in zip(other, cost, strict=True))
        ]
        assert rank == max(beaten_by, default=0) + 1


def test_a_trial_that_lacks_an_objective_is_in_no_front():
    several = [
        trial(1, {"a": 0.9, "b": 0.5}),
        trial(2, {"a": 0.8, "b": 0.6}),
        trial(3, {"a": 0.7, "b": 0.1}),
        trial(4, {"b": 0.0}),
    ]
    assert [each.number for each in pareto_front(several, [A, B])] == [1, 3]
    table = trials_table(several, [A, B])
    assert table["pareto"].fillna(0).tolist() == [1, 2, 1, 0]
    assert table["rank"].fillna(0).tolist() == [1, 2, 3, 0]


def test_the_luck_of_the_best_grows_with_the_trials():
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(200, 5))
    every = [
        trial(i, *({"a": float(value)} for value in row)) for i, row in enumerate(noise)
    ]
    few, many = optimism(every[:5], A), optimism(every, A)
    assert 0 < few < many
    same = [trial(i, {"a": 0.5}, {"a": 0.6}) for i in range(3)]
    assert optimism(same, A) == 0
    assert optimism(same[:1], A) is None
