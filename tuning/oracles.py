"""Access to keras-tuner's oracles for several trials at a time."""

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

# The name of the score that an oracle gets for a trial.
SCORE = "score"
# In successive halving, one of this many trials continues in the next round.
HYPERBAND_FACTOR = 3


class Asker:
    """An oracle that gives several trials at a time, and gets their scores.

    The oracle is one of keras-tuner's, unchanged. A smaller score is better. With
    several objectives, the score is the non-dominated rank.

    Args:
        config: The settings before the search.
        space: The settings of the search, with the tuner and the search space.
        trials: The largest number of trials that the oracle gives.
        folder: The folder in which the oracle may write.
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
            # A failed trial is a result, not a reason to stop.
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
        # keras-tuner has no public method for this.
        self.oracle._set_project_dir(folder, "oracle")
        self.finished = False

    def ask(self, count: int) -> list[TunerTrial]:
        """Return up to `count` trials; an empty list if the oracle has no more.

        The score of each trial has to be reported before the next call. The trials of
        Hyperband are those of one round, since the next round takes the best of them.
        """
        asked: list[TunerTrial] = []
        while len(asked) < count and not self.finished:
            if len(asked) > 1 and _round(asked[-1]) != _round(asked[0]):
                break
            # keras-tuner gives each tuner one trial at a time, so each trial has its
            # own tuner.
            trial = self.oracle.create_trial(f"member{len(asked)}")
            if trial.status == TrialStatus.RUNNING:
                asked.append(trial)
                continue
            self.finished = trial.status == TrialStatus.STOPPED
            break
        return asked

    def tell(self, trial: TunerTrial, score: float | None, message: str = "") -> None:
        """Report a trial's score to the oracle; None for a failed trial."""
        if score is None:
            trial.status, trial.message = TrialStatus.FAILED, message
        else:
            self.oracle.update_trial(trial.trial_id, {SCORE: score})
            trial.status = TrialStatus.COMPLETED
        self.oracle.end_trial(trial)

    def change_score(self, trial_id: str, score: float) -> None:
        """Change a reported score: the rank of a trial among more trials."""
        self.oracle.get_trial(trial_id).score = score


def _round(trial: TunerTrial) -> tuple[Any, Any]:
    values = trial.hyperparameters.values
    return values.get("tuner/bracket"), values.get("tuner/round")


class _EagerGrid(keras_tuner.oracles.GridSearchOracle):
    """A grid that gives several points before the first score is reported.

    The space is declared before the search, so a trial cannot add choices to it. The
    next point of the grid is therefore known as soon as a trial has begun.
    """

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        response: dict[str, Any] = super().populate_space(trial_id)
        if response["status"] == TrialStatus.RUNNING:
            self._populate_next.append(trial_id)
        return response


def tuner_seed(seed: int) -> int:
    """Return a seed for keras-tuner.

    keras-tuner treats 0 as no seed, and draws the n-th value from seed + n. Neighboring
    seeds would therefore draw the same values in shifted order.
    """
    return int(np.random.default_rng((seed, 1)).integers(1, 2**31))
