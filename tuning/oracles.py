"""keras-tuner's oracles, asked for several trials at a time."""

from __future__ import annotations

from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial as TunerTrial
from keras_tuner.engine.trial import TrialStatus

from keras_mtl.configuration.fit_config import FitConfig
from tuning.search_settings import SearchSettings
from tuning.search_space import choose_settings

__all__ = ["SCORE", "Asker", "tuner_seed"]

# The name of the one number that an oracle is told of a trial.
SCORE = "score"
# Of a round of successive halving one in so many goes on to the next.
HYPERBAND_FACTOR = 3


class Asker:
    """Asks an oracle for trials, and tells it their scores.

    The oracle is one of keras-tuner's, unchanged. It is told a score of which less
    is better; of several objectives that is the non-dominated rank.

    Args:
        config: The settings before the search.
        space: The tuner, and where to look.
        trials: How many trials the oracle may give at most.
        folder: Where the oracle may write.
    """

    def __init__(
        self, config: FitConfig, space: SearchSettings, trials: int, folder: str
    ) -> None:
        hp = keras_tuner.HyperParameters()
        # Declares all choices, conditional ones included.
        choose_settings(hp, config, space)
        common: dict[str, Any] = {
            "objective": keras_tuner.Objective(SCORE, "min"),
            "hyperparameters": hp,
            "seed": tuner_seed(config.seed),
            # A trial that does not train is a result, not a reason to stop.
            "max_consecutive_failed_trials": 10**9,
        }
        oracles = keras_tuner.oracles
        if space.tuner == "hyperband":
            self.oracle = oracles.HyperbandOracle(
                max_epochs=config.training.epochs,
                factor=HYPERBAND_FACTOR,
                hyperband_iterations=0,
                **common,
            )
        else:
            kinds = {
                "random": oracles.RandomSearchOracle,
                "bayesian": oracles.BayesianOptimizationOracle,
                "grid": _EagerGrid,
            }
            self.oracle = kinds[space.tuner](max_trials=trials, **common)
        self.oracle.verbose = 0
        # keras-tuner has no public name for it.
        self.oracle._set_project_dir(folder, "oracle")
        self.finished = False

    def ask(self, count: int) -> list[TunerTrial]:
        """Returns up to `count` trials; none when the oracle has no more.

        Each has to be told before the next are asked for. Hyperband's are those
        of one round, as the next round is made of what was best in it.
        """
        asked: list[TunerTrial] = []
        while len(asked) < count and not self.finished:
            if len(asked) > 1 and _round(asked[-1]) != _round(asked[0]):
                break
            # A tuner has one trial at a time: these are as many tuners.
            trial = self.oracle.create_trial(f"member{len(asked)}")
            if trial.status == TrialStatus.RUNNING:
                asked.append(trial)
                continue
            self.finished = trial.status == TrialStatus.STOPPED
            break
        return asked

    def tell(self, trial: TunerTrial, score: float | None, message: str = "") -> None:
        """Tells the oracle a trial's score; None for a failed trial."""
        if score is None:
            trial.status, trial.message = TrialStatus.FAILED, message
        else:
            self.oracle.update_trial(trial.trial_id, {SCORE: score})
            trial.status = TrialStatus.COMPLETED
        self.oracle.end_trial(trial)

    def change_score(self, trial_id: str, score: float) -> None:
        """Changes the score of a trial that was told: a rank among more trials."""
        self.oracle.get_trial(trial_id).score = score


def _round(trial: TunerTrial) -> tuple[Any, Any]:
    values = trial.hyperparameters.values
    return values.get("tuner/bracket"), values.get("tuner/round")


class _EagerGrid(keras_tuner.oracles.GridSearchOracle):
    """A grid of which several points are asked for before the first is told.

    The space is declared before the search, so that no trial can add choices to it:
    what follows a trial in the grid is known as soon as the trial has begun.
    """

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        response: dict[str, Any] = super().populate_space(trial_id)
        if response["status"] == TrialStatus.RUNNING:
            self._populate_next.append(trial_id)
        return response


def tuner_seed(seed: int) -> int:
    """Returns the seed of the draws.

    keras-tuner takes 0 for none at all, and draws the n-th value from seed + n,
    so that neighboring seeds would draw the same values, only shifted.
    """
    return int(np.random.default_rng((seed, 1)).integers(1, 2**31))
