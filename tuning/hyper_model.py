"""A hypermodel for any keras-tuner tuner, cross-validated within a trial."""

from __future__ import annotations

from typing import Any

import keras_tuner
import numpy as np

from keras_mtl.architectures.solved import is_solved
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.model import MultiTaskModel
from keras_mtl.runs.train import build_core
from tuning.search_settings import SearchSettings
from tuning.search_space import choose_settings
from tuning.trial_data import TrialData
from tuning.trial_program import WidestUnits, measure_trials
from tuning.trials import Trial

__all__ = ["MultiTaskHyperModel"]


class MultiTaskHyperModel(keras_tuner.HyperModel):
    """A `keras_tuner.HyperModel` that measures its trials by cross-validation.

    The object has only plain values, which never change. A tuner may therefore copy it,
    call `build` any number of times, and run trials in any order. Give the tuner
    `keras_tuner.Objective("val_heart_auc", "max")`, or another metric that
    `tuning.objectives` lists, with its direction.

    Args:
        config: The settings before the search. Their loss weights are those of
            `val_loss`, see `tuning.objective`.
        space: The search space.
        data: The rows and folds; see `tuning.make_trial_data`.
    """

    def __init__(
        self, config: FitConfig, space: SearchSettings, data: TrialData
    ) -> None:
        super().__init__()
        self.config = config
        self.space = space
        self.data = data

    def build(self, hp: keras_tuner.HyperParameters) -> MultiTaskModel:
        """Build the network of a trial, for rows encoded as in the first fold."""
        config = choose_settings(hp, self.config, self.space)
        rows, fold = self.data.with_inputs(config.inputs).rows, self.data.folds[0]
        tasks = [
            task.learn(rows.labels[task.name][fold.train]) for task in config.tasks
        ]
        given = rows.features
        if is_solved(config.model.architecture.name):
            given = tuple(feature.without_embedding() for feature in given)
        features = self.data.encode.learned(given, fold)
        inputs = self.data.encode(given, fold)
        return build_core(config, tasks, inputs.shape[1], features)

    def fit(
        self, hp: keras_tuner.HyperParameters, model: MultiTaskModel, **kwargs: Any
    ) -> dict[str, float]:
        """Train a trial's settings on all folds, and measure each fold.

        Args:
            hp: The tuner's choices.
            model: The model from `build`, which is not trained. Each fold has its own
                network, a member of one program.
            **kwargs: The arguments that a tuner passes to Keras's `fit`: callbacks that
                save checkpoints, which are not used.

        Returns:
            `epochs`, the median over the folds of the measured epoch (0 for a solved
            architecture), and the means of the metrics over the folds.

        Raises:
            keras_tuner.errors.FailedTrialError: If a loss is no longer finite, or the
                memory is too small. Other settings may train.
            keras_tuner.errors.FatalRuntimeError: On any other failure, which a tuner
                would otherwise hide.
        """
        del model, kwargs
        config = choose_settings(hp, self.config, self.space)
        widest = WidestUnits(max(self.space.trunk_widths), max(self.space.head_widths))
        try:
            (found,) = measure_trials([config], self.data, self.config.tasks, widest)
        except Exception as error:
            raise keras_tuner.errors.FatalRuntimeError(
                f"A trial failed: {type(error).__name__}: {error}"
            ) from error
        if found.message:
            raise keras_tuner.errors.FailedTrialError(found.message)
        trial = Trial(1, config, tuple(found.folds))
        epochs = float(np.median(found.epochs)) if found.epochs else 0.0
        return {"epochs": epochs, **trial.metrics}
