"""Running the trials of a search."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial as TunerTrial
from keras_tuner.engine.trial import TrialStatus

from keras_mtl.configuration.fit_config import FitConfig
from tuning.hyper_model import MultiTaskHyperModel
from tuning.objective import Objective
from tuning.search_settings import SearchSettings
from tuning.search_space import choose_settings
from tuning.trial_data import TrialData
from tuning.trials import Trial

__all__ = ["run_trials"]

OnTrial = Callable[[Trial], None]


def run_trials(
    config: FitConfig,
    settings: SearchSettings,
    objective: Objective,
    data: TrialData,
    on_trial: OnTrial | None = None,
) -> list[Trial]:
    """Tries settings drawn at random.

    Args:
        config: The settings before the search.
        settings: How many trials, and where to look.
        objective: By what trials are compared.
        data: The rows.
        on_trial: Called after each trial with it.

    Returns:
        The trials, in the order of their start. There are fewer than asked for
        when the space has no more different settings.
    """
    # What a tuner writes is for resuming it and for other workers.
    with tempfile.TemporaryDirectory(prefix="tuning-") as folder:
        tuner = _RandomSearch(
            MultiTaskHyperModel(config, settings, data),
            objective=keras_tuner.Objective(objective.name, objective.direction),
            max_trials=settings.trials,
            # A trial that does not train is a result, not a reason to stop.
            max_consecutive_failed_trials=settings.trials + 1,
            seed=_tuner_seed(config.seed),
            directory=folder,
            project_name="search",
            overwrite=True,
            on_trial=on_trial,
        )
        tuner.search(verbose=0)
        return [tuner.trial(trial_id) for trial_id in tuner.oracle.start_order]


class _RandomSearch(keras_tuner.RandomSearch):
    """A random search that tells of its trials."""

    def __init__(
        self,
        hypermodel: MultiTaskHyperModel,
        on_trial: OnTrial | None = None,
        **kwargs: Any,
    ) -> None:
        self.on_trial = on_trial
        super().__init__(hypermodel, **kwargs)

    def on_trial_end(self, trial: TunerTrial) -> None:
        super().on_trial_end(trial)
        if self.on_trial is not None:
            self.on_trial(self.trial(trial.trial_id))

    def trial(self, trial_id: str) -> Trial:
        """Returns a trial by the tuner's name for it."""
        trial = self.oracle.get_trial(trial_id)
        number = self.oracle.start_order.index(trial_id) + 1
        config = choose_settings(
            trial.hyperparameters.copy(), self.hypermodel.config, self.hypermodel.space
        )
        if trial.status != TrialStatus.COMPLETED:
            return Trial(number, config, message=_last_line(trial.message))
        # A trial gives one value of each; keras-tuner keeps a mean of it under
        # a direction that is wrong for most of them.
        metrics = {
            name: float(history.get_history()[-1].mean())
            for name, history in trial.metrics.metrics.items()
        }
        return Trial(number, config, metrics, int(metrics.pop("epochs")))


def _tuner_seed(seed: int) -> int:
    """Returns the seed of the draws.

    keras-tuner takes 0 for none at all, and draws the n-th value from seed + n,
    so that neighbouring seeds would draw the same values, only shifted.
    """
    return int(np.random.default_rng((seed, 1)).integers(1, 2**31))


def _last_line(message: str | None) -> str:
    lines = (message or "").strip().splitlines()
    return lines[-1].rpartition("FailedTrialError: ")[2] if lines else "not finite"
