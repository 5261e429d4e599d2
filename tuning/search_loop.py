"""The loop of a search: request trials, train them together, report scores."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from keras_tuner.engine.trial import Trial as TunerTrial

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.training import MemberPrograms
from tuning.baselines import Baselines
from tuning.objective import Objective
from tuning.oracles import Asker
from tuning.search_settings import SearchSettings
from tuning.search_space import choose_settings
from tuning.shared_trials import Numbered, OnTrial, SharedTrials, Train
from tuning.trial_data import TrialData
from tuning.trial_program import Measured, WidestUnits, measure_trials
from tuning.trial_store import TrialStore, choices_key
from tuning.trials import Trial, pareto_ranks

__all__ = ["run_trials"]

# The number of trials that are trained and written together. A killed process loses at
# most their training.
TRIALS_PER_WRITE = 42


def run_trials(
    config: FitConfig,
    settings: SearchSettings,
    objectives: Objective | Sequence[Objective],
    data: TrialData,
    on_trial: OnTrial | None = None,
    store: TrialStore | None = None,
    baselines: Baselines | None = None,
    together: bool = True,
    shared: SharedTrials | None = None,
    again: bool = True,
) -> list[Trial]:
    """Train and measure the settings that a keras-tuner oracle chooses.

    Trials in `store` are not trained again. The oracle gets their results when it makes
    the same choices, so a stopped search repeats the same course and then continues.

    Args:
        config: The settings before the search.
        settings: The settings of the search, with the tuner and the number of trials.
        objectives: The objectives that compare trials.
        data: The rows.
        on_trial: A function that is called with each trained trial after its end.
        store: The store of finished trials.
        baselines: The single-task networks that `val_gain` compares with.
        together: See `measure_trials`.
        shared: The division of the trials among processes that all call this function
            with the same arguments; None trains all trials in this process.
        again: Whether a batch of trials uses the compiled programs of earlier batches.

    Returns:
        All trials of the store, in the order of their numbers. The list is shorter than
        `settings.trials` if the space has no more different settings.
    """
    several = [objectives] if isinstance(objectives, Objective) else list(objectives)
    store = TrialStore() if store is None else store
    known = len(store.trials)

    # A single batch needs neither stored programs nor padding.
    several_batches = (
        shared is not None
        or settings.tuner == "hyperband"
        or settings.trials > min(settings.trials_at_once, TRIALS_PER_WRITE)
    )
    again = again and together and several_batches
    programs = MemberPrograms() if again else None

    def train(part: Numbered, reason: str) -> list[Trial]:
        return _train(
            part, config, settings, data, baselines, together, reason, programs
        )

    # A tuner writes files to be resumed and for other workers.
    with tempfile.TemporaryDirectory(prefix="tuning-") as folder:
        asker = Asker(config, settings, settings.trials + known, folder)
        scored = _Scores(asker, several)
        while len(store.trials) < settings.trials and not asker.finished:
            asked = asker.ask(settings.trials_at_once)
            if not asked:
                break
            if shared is None:
                _train_here(_number(asked, settings, store), train, store, on_trial)
            else:
                numbered = shared.agree(
                    asked, partial(_number, asked, settings, store), store
                )
                shared.train(numbered, train, store, on_trial)
            for each in asked:
                scored.tell(each, store.find(_values(each)))
            scored.change()
        if shared is not None and len(store.trials) < settings.trials:
            shared.exhaust()
    return store.trials


def _number(
    asked: Sequence[TunerTrial], settings: SearchSettings, store: TrialStore
) -> Numbered:
    """Number those of the requested trials that have to be trained."""
    # Hyperband may request the same settings twice.
    distinct = {choices_key(_values(each)): each for each in asked}
    fresh = [each for each in distinct.values() if store.find(_values(each)) is None]
    left = settings.trials - len(store.trials)
    return dict(enumerate(fresh[:left], store.next_number))


def _train_here(
    numbered: Numbered,
    train: Train,
    store: TrialStore,
    on_trial: OnTrial | None,
) -> None:
    numbers = list(numbered)
    for start in range(0, len(numbers), TRIALS_PER_WRITE):
        part = numbers[start : start + TRIALS_PER_WRITE]
        for trial in train({number: numbered[number] for number in part}, ""):
            store.finish(trial)
            if on_trial is not None:
                on_trial(trial)


def _train(
    numbered: Numbered,
    config: FitConfig,
    settings: SearchSettings,
    data: TrialData,
    baselines: Baselines | None,
    together: bool,
    reason: str,
    programs: MemberPrograms | None,
) -> list[Trial]:
    chosen = [_settings_of(each, config, settings) for each in numbered.values()]
    start = time.perf_counter()
    widest = WidestUnits(max(settings.trunk_widths), max(settings.head_widths))
    if reason:
        measured = [Measured(message=reason)] * len(chosen)
    else:
        measured = measure_trials(
            chosen, data, config.tasks, widest, together, programs
        )
    seconds = (time.perf_counter() - start) / max(len(measured), 1)
    return [
        _trial(number, each, own, found, seconds, data, baselines)
        for (number, each), own, found in zip(
            numbered.items(), chosen, measured, strict=True
        )
    ]


def _trial(
    number: int,
    asked: TunerTrial,
    config: FitConfig,
    found: Measured,
    seconds: float,
    data: TrialData,
    baselines: Baselines | None,
) -> Trial:
    folds = found.folds
    if baselines is not None:
        folds = [
            baselines.with_gain(index, metrics) for index, metrics in enumerate(folds)
        ]
    return Trial(
        number,
        config,
        tuple(folds),
        tuple(found.epochs),
        found.message,
        _values(asked),
        seconds,
        found.parameters,
    )


def _settings_of(
    asked: TunerTrial, config: FitConfig, settings: SearchSettings
) -> FitConfig:
    own = choose_settings(asked.hyperparameters.copy(), config, settings)
    epochs = _values(asked).get("tuner/epochs")
    if epochs is None:
        return own
    # Each round of successive halving trains from the beginning. Its members are
    # trained together, which saves more time than the repeated epochs cost.
    return own.replace(training=own.training.replace(epochs=int(epochs)))


def _values(asked: TunerTrial) -> dict[str, Any]:
    return dict(asked.hyperparameters.values)


class _Scores:
    """Scores for an oracle: the cost of one objective, or the rank for several."""

    def __init__(self, asker: Asker, objectives: Sequence[Objective]) -> None:
        self.asker, self.objectives = asker, objectives
        self.costs: dict[str, list[float]] = {}

    def tell(self, asked: TunerTrial, trial: Trial | None) -> None:
        if trial is None:
            return self.asker.tell(asked, None, "not trained: enough trials have ended")
        costs = [each.cost(trial.metrics) for each in self.objectives]
        if not trial.completed or not all(map(math.isfinite, costs)):
            return self.asker.tell(asked, None, trial.message)
        self.costs[asked.trial_id] = costs
        return self.asker.tell(asked, costs[0])

    def change(self) -> None:
        """Rank all reported trials again."""
        if len(self.objectives) == 1 or not self.costs:
            return
        ranks = pareto_ranks(list(self.costs.values()))
        for trial_id, rank in zip(self.costs, ranks, strict=True):
            self.asker.change_score(trial_id, float(rank))
