"""The model class that every architecture returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from keras_mtl.features.feature import Feature
from keras_mtl.features.kinds import deserialize_feature, serialize_feature
from keras_mtl.tasks import Task, deserialize_task, serialize_task

__all__ = ["MultiTaskModel"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class MultiTaskModel(keras.Model):
    """A functional model with one named output a task.

    It is a `keras.Model`: `fit`, `evaluate`, `predict`, callbacks and saving
    mean what they mean there. What is new is that it knows its tasks, so that
    `compile` needs no losses and metrics and missing labels are left out of
    both; and, if its inputs are raw features, that it knows these.

    Args:
        inputs: A `keras.Input`, or a dict of them by feature name.
        outputs: A dict of tensors by task name.
        name: The model's name.
        tasks: The tasks, in the order of the outputs.
        features: The features, when the inputs are raw; they carry what they
            learned from training rows.
        **kwargs: See `keras.Model`.

    Raises:
        ValueError: When the outputs are not named like the tasks.

    Example:

    >>> import numpy as np
    >>> from keras_mtl.tasks import BinaryTask, RegressionTask
    >>> inputs = keras.Input(shape=(3,))
    >>> hidden = keras.layers.Dense(4, activation="relu")(inputs)
    >>> tasks = [BinaryTask("sick"), RegressionTask("age")]
    >>> outputs = {task.name: task.output_layer()(hidden) for task in tasks}
    >>> model = MultiTaskModel(inputs, outputs, tasks=tasks)
    >>> model.compile("adam")
    >>> y = {"sick": np.array([1.0, np.nan]), "age": np.array([np.nan, 60.0])}
    >>> history = model.fit(np.ones((2, 3)), y, verbose=0)
    >>> sorted(history.history)[:3]
    ['age_loss', 'age_mae', 'age_mse']
    """

    # The positional arguments are those of a functional model, which is how
    # Keras tells that it can revive this class from a graph's config.
    def __init__(
        self,
        inputs,
        outputs,
        name=None,
        *,
        tasks: Sequence[Task] = (),
        features: Sequence[Feature] = (),
        **kwargs,
    ):
        super().__init__(inputs, outputs, name=name, **kwargs)
        names = [task.name for task in tasks]
        if tasks and list(outputs) != names:
            raise ValueError(
                "Invalid value received for argument `outputs`. Expected a dict with "
                f"one output a task, in their order: {names}. Received: "
                f"{list(outputs)}"
            )
        self._tasks = tuple(tasks)
        self._features = tuple(features)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, in the order of the outputs."""
        return self._tasks

    @property
    def features(self) -> tuple[Feature, ...]:
        """The raw features, or () when the input is an encoded matrix."""
        return self._features

    def task(self, name: str) -> Task:
        """Returns a task by its name."""
        return {task.name: task for task in self._tasks}[name]

    def compile(
        self,
        optimizer="adam",
        weighting="sum",
        loss=None,
        metrics=None,
        loss_weights=None,
        **kwargs,
    ):
        """Sets the model up for training.

        Args:
            optimizer: See `keras.Model.compile`.
            weighting: How the tasks' losses become one: `"sum"` adds them,
                each times its `loss_weight`.
            loss: Losses by task name, in place of the tasks' own.
            metrics: Metrics by task name, in place of the tasks' own.
            loss_weights: Weights by task name, in place of the tasks' own.
            **kwargs: See `keras.Model.compile`.

        Raises:
            ValueError: When the weighting is unknown.
        """
        if weighting != "sum":
            raise ValueError(
                "Invalid value received for argument `weighting`. Expected 'sum'. "
                f"Received: weighting={weighting!r}"
            )
        self._compile_arguments = keras.saving.serialize_keras_object(
            {
                "weighting": weighting,
                "loss": loss,
                "metrics": metrics,
                "loss_weights": loss_weights,
                **kwargs,
            }
        )
        super().compile(
            optimizer=optimizer,
            loss={task.name: task.loss() for task in self._tasks} | (loss or {}),
            metrics={task.name: task.metrics() for task in self._tasks}
            | (metrics or {}),
            loss_weights={task.name: task.loss_weight for task in self._tasks}
            | (loss_weights or {}),
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tasks": [serialize_task(task) for task in self._tasks],
            "features": [serialize_feature(feature) for feature in self._features],
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        tasks = [deserialize_task(task) for task in config.pop("tasks")]
        features = [deserialize_feature(item) for item in config.pop("features")]
        model = super().from_config(config, custom_objects=custom_objects)
        model._tasks = tuple(tasks)
        model._features = tuple(features)
        return model

    # Keras saves the arguments of its own `compile` alone, and does not call
    # one that is overridden.
    def get_compile_config(self):
        if not self.compiled:
            return None
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            **self._compile_arguments,
        }

    def compile_from_config(self, config):
        arguments = keras.saving.deserialize_keras_object(config)
        self.compile(**arguments)
        self.optimizer.build(self.trainable_variables)
