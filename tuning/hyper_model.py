"""What a tuner builds and fits in each trial."""

from __future__ import annotations

from typing import Any

import keras
import keras_tuner

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.model import MultiTaskModel
from keras_mtl.runs.train import build_core
from keras_mtl.training import fit_members
from tuning.objective import validation_metrics
from tuning.search_settings import SearchSettings
from tuning.search_space import choose_settings
from tuning.trial_data import TrialData

__all__ = ["MultiTaskHyperModel"]


class MultiTaskHyperModel(keras_tuner.HyperModel):
    """Builds, trains and measures the network of one trial.

    It holds plain values and changes none of them, so that any tuner may copy
    it, call `build` as often as it likes and run trials in any order.

    Args:
        config: The settings before the search. Their loss weights are the
            yardstick's, see `tuning.objective`.
        space: Where to look.
        data: The rows.
    """

    def __init__(
        self, config: FitConfig, space: SearchSettings, data: TrialData
    ) -> None:
        super().__init__()
        self.config = config
        self.space = space
        self.data = data

    def build(self, hp: keras_tuner.HyperParameters) -> MultiTaskModel:
        """Builds the network of a trial, for encoded rows."""
        config = choose_settings(hp, self.config, self.space)
        train = self.data.labels_of(self.data.rows.train)
        tasks = [task.learn(train[task.name]) for task in config.tasks]
        data = self.data
        return build_core(config, tasks, data.inputs.shape[1], data.features)

    def fit(
        self, hp: keras_tuner.HyperParameters, model: MultiTaskModel, **kwargs: Any
    ) -> dict[str, float]:
        """Trains the network of a trial, and measures it at its best epoch.

        Args:
            hp: The tuner's choices.
            model: What `build` built of them.
            **kwargs: What a tuner hands to Keras's `fit`: callbacks that save
                checkpoints, which a search does not need.

        Returns:
            `epochs`, the epoch measured, and the `validation_metrics`.

        Raises:
            keras_tuner.errors.FailedTrialError: When a loss is no longer
                finite: these settings don't train, others may.
            keras_tuner.errors.FatalRuntimeError: On any other failure, which
                a tuner would hide otherwise.
        """
        try:
            return self._fit(choose_settings(hp, self.config, self.space), model)
        except FloatingPointError as error:
            raise keras_tuner.errors.FailedTrialError(str(error)) from error
        except Exception as error:
            raise keras_tuner.errors.FatalRuntimeError(
                f"A trial broke off: {type(error).__name__}: {error}"
            ) from error

    def _fit(self, config: FitConfig, model: MultiTaskModel) -> dict[str, float]:
        data, rows = self.data, self.data.rows
        # The same seed for all trials: they differ by their settings alone.
        fit = fit_members(
            model,
            data.inputs,
            data.labels,
            config.training.replace(members=1),
            rows=[rows.train],
            validation_rows=[rows.validation],
            seed=config.seed,
        )
        epoch = int(fit.epochs[0])
        outputs = fit.members[0](data.inputs[rows.validation], training=False)
        metrics = validation_metrics(
            # Those before the search: a trial's own weights would bend the
            # yardstick.
            self.config.tasks,
            data.labels_of(rows.validation),
            {
                name: keras.ops.convert_to_numpy(values)
                for name, values in outputs.items()
            },
            {
                task.name: fit.history[f"val_{task.name}_loss"][epoch - 1, 0]
                for task in config.tasks
            },
        )
        return {"epochs": float(epoch), **metrics}
