"""Evaluation of a whole search on rows that it did not see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from keras_mtl.comparison.folds import make_folds
from keras_mtl.comparison.settings import ComparisonSettings
from keras_mtl.configuration.fit_config import FitConfig
from tuning.baselines import measure_baselines
from tuning.objective import GAIN, Objective
from tuning.search_loop import run_trials
from tuning.search_settings import SearchSettings
from tuning.trial_data import TrialData, make_trial_data
from tuning.trial_program import WidestUnits, measure_trials
from tuning.trials import best_trial

__all__ = ["NestedEstimate", "nested_estimate"]


@dataclass(frozen=True)
class NestedEstimate:
    """The objective of searches on rows that they did not see.

    Attributes:
        values: The value in each outer fold of the trial that a search on the other
            rows chose; NaN if all of its trials failed.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over the outer folds."""
        return float(np.mean(self.values))

    @property
    def spread(self) -> float:
        """The standard deviation over the outer folds."""
        return float(np.std(self.values, ddof=1))


def nested_estimate(
    config: FitConfig,
    settings: SearchSettings,
    objective: Objective,
    data: TrialData,
    on_fold: Callable[[int, float], None] | None = None,
) -> NestedEstimate:
    """Repeat a search on parts of the training rows, and measure the chosen settings.

    For each outer fold, a search with the same number of trials sees only the other
    rows. The chosen settings are trained on these rows for the number of epochs that
    the inner folds needed, and are measured on the outer fold. The outer fold chose
    neither the settings nor the epoch, so the estimate is not biased by the choice of
    the best trial. The time is that of one search per outer fold.

    Args:
        config: The settings before the search.
        settings: The settings of the search; `settings.nested` is the number of outer
            folds.
        objective: The objective that chooses and measures trials.
        data: The rows.
        on_fold: A function that is called after each outer fold with its number, from
            1, and the value.

    Raises:
        UserError: If there are too few rows for the folds.
    """
    outer = make_folds(data.rows, ComparisonSettings(folds=settings.nested, repeats=1))
    gain = GAIN in objective.metrics
    widest = WidestUnits(max(settings.trunk_widths), max(settings.head_widths))
    values = []
    for number, fold in enumerate(outer, 1):
        split = data.rows.split._replace(train_rows=fold.train, test_rows=fold.test)
        inner = make_trial_data(
            replace(data.rows, split=split), settings.folds, settings.repeats
        )
        trials = run_trials(
            config,
            settings,
            objective,
            inner,
            baselines=measure_baselines(config, inner) if gain else None,
        )
        best = best_trial(trials, objective)
        value = float("nan")
        if best is not None:
            training = best.config.training
            # A solved architecture has no epochs.
            if best.epochs:
                epochs = round(float(np.median(best.epochs)))
                training = training.replace(epochs=epochs, patience=0)
            whole = data.with_folds((fold,))
            chosen = best.config.replace(training=training)
            (found,) = measure_trials([chosen], whole, config.tasks, widest)
            if not found.message:
                metrics = found.folds[0]
                if gain:
                    metrics = measure_baselines(config, whole).with_gain(0, metrics)
                value = objective.value(metrics)
        values.append(value)
        if on_fold is not None:
            on_fold(number, value)
    return NestedEstimate(tuple(values))
