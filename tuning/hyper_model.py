"""A hypermodel for any keras-tuner tuner, cross-validated inside the trial."""

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
    """Builds the network of a trial, and measures it by cross-validation.

    It holds plain values and changes none of them, so that any tuner may copy
    it, call `build` as often as it likes and run trials in any order. Give the
    tuner `keras_tuner.Objective("val_heart_auc", "max")`, or another metric that
    `tuning.objectives` lists, with its direction.

    Args:
        config: The settings before the search. Their loss weights are the
            yardstick's, see `tuning.objective`.
        space: Where to look.
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
        """Builds the network of a trial, for rows encoded as in the first fold."""
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
        """Trains a trial's settings on all folds, and measures each fold.

        Args:
            hp: The tuner's choices.
            model: What `build` built of them. It is not trained: the folds have
                networks of their own, members of one program.
            **kwargs: What a tuner hands to Keras's `fit`: callbacks that save
                checkpoints, which a search does not need.

        Returns:
            `epochs`, the median over the folds of the epoch measured (0 for a model
            that is solved for), and the means of the metrics over the folds.

        Raises:
            keras_tuner.errors.FailedTrialError: When a loss is no longer
                finite, or the memory is too small: these settings don't train,
                others may.
            keras_tuner.errors.FatalRuntimeError: On any other failure, which
                a tuner would hide otherwise.
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
