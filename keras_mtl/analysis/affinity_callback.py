"""A callback that measures the affinities between tasks during training."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from keras_mtl.analysis.affinity import AffinityMeter
from keras_mtl.analysis.known_values import known_mean
from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.label_arrays import read_labels
from keras_mtl.blocks.pack_batch import pack_batch
from keras_mtl.engine.rows import rows_in_memory

__all__ = ["TaskAffinity"]

# The number of training steps per batch of a measurement.
STEPS_PER_BATCH = 10


class TaskAffinity(keras.callbacks.Callback):
    """Callback that measures how a step on one task changes the other losses.

    The affinity of task i onto task j is `1 - L_j(after) / L_j(before)`, where `after`
    is one step of gradient descent on task i that changes only the shared variables
    (Fifty et al. 2021, "Efficiently Identifying Task Groupings for Multi-Task
    Learning"). Above 0, training task i helps task j at that time; below 0, it hurts
    task j. After each epoch, the affinity is computed as a mean over random batches of
    the given rows. The model itself does not change, and epochs are still compiled.

    Such scores predict little of the gain of a complete training (Azorin et al. 2023,
    arXiv 2301.02873). Use the affinity as a hint, and measure with `compare_sharing`
    whether sharing helps.

    The latest affinities are added to the logs and the history, as
    `heart_onto_thal_affinity`.

    Sample weights, class weights and loss weights are not used.

    Args:
        x: Rows as inputs of `fit`, for example the training rows: numeric arrays,
            tensors or DataFrames.
        y: The labels of the rows. See `MultiTaskModel.fit`.
        every: Measure after each `every`-th epoch.
        batch_size: The number of rows per batch.
        batches: The number of batches per measurement. By default a tenth of the number
            of batches in an epoch.
        step_size: The learning rate of the step. By default the optimizer's learning
            rate at that time.
        seed: The seed of the batches.

    Raises:
        ValueError: If `every`, `batch_size`, `batches` or `step_size` is not positive,
            or the rows are not in memory.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> model = build_hard_sharing(2, [BinaryTask("heart"), BinaryTask("thal")])
    >>> model.compile("adam")
    >>> x = np.random.default_rng(0).normal(size=(64, 2)).astype("float32")
    >>> y = {"heart": x[:, 0] > 0, "thal": x[:, 0] > 0.1}
    >>> affinity = TaskAffinity(x, y)
    >>> history = model.fit(x, y, epochs=2, verbose=0, callbacks=[affinity])
    >>> affinity.matrix.shape, len(history.history["heart_onto_thal_affinity"])
    ((2, 2), 2)
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        every: int = 1,
        batch_size: int = 32,
        batches: int | None = None,
        step_size: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        numbers = {
            "every": every,
            "batch_size": batch_size,
            "batches": batches,
            "step_size": step_size,
        }
        for name, value in numbers.items():
            if value is not None and not value > 0:
                raise ValueError(
                    f"Invalid value received for argument `{name}`. Expected a "
                    f"positive number. Received: {name}={value}"
                )
        self.x, self.y = x, y
        self.every = every
        self.batch_size = batch_size
        self.batches = batches
        self.step_size = step_size
        self.seed = seed
        self._names: list[str] = []
        self._measured: list[tuple[int, np.ndarray]] = []
        self._meter: AffinityMeter | None = None
        self._rows: Batch | None = None
        self._generator = np.random.default_rng(seed)

    @property
    def table(self) -> pd.DataFrame:
        """A DataFrame with one row per measured epoch and pair of tasks.

        The columns are `epoch`, `task` (the task of the step), `onto` (the task
        whose loss changes) and `affinity`.
        """
        names = self._names
        return pd.DataFrame(
            [
                (epoch, task, onto, float(values[i, j]))
                for epoch, values in self._measured
                for i, task in enumerate(names)
                for j, onto in enumerate(names)
            ],
            columns=["epoch", "task", "onto", "affinity"],
        )

    @property
    def matrix(self) -> pd.DataFrame:
        """The means over training, a DataFrame with one row per task of the step.

        The columns are the tasks whose losses change.
        """
        if not self._measured:
            return pd.DataFrame(index=self._names, columns=self._names, dtype=float)
        means = known_mean(np.stack([values for _, values in self._measured]))
        return pd.DataFrame(means, index=self._names, columns=self._names)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        model = self.model
        self._names = [task.name for task in model.tasks]
        self._measured = []
        self._generator = np.random.default_rng(self.seed)
        losses = _given_losses(model)
        self._meter = AffinityMeter(model, losses)
        labels = read_labels(model.tasks, self.y, losses)
        rows = rows_in_memory((self.x, labels, None))
        if rows is None:
            raise ValueError(
                "Invalid value received for argument `x`. Expected rows in memory, "
                "without text: arrays, tensors or data frames of numbers. Received: "
                f"{type(self.x).__name__}"
            )
        self._rows = pack_batch(self._meter.step.blocks, rows)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if epoch % self.every == 0:
            self._measured.append((epoch + 1, self._measure()))
        if logs is not None and self._measured:
            latest = self._measured[-1][1]
            logs.update(
                {
                    f"{task}_onto_{onto}_affinity": float(latest[i, j])
                    for i, task in enumerate(self._names)
                    for j, onto in enumerate(self._names)
                }
            )

    def _measure(self) -> np.ndarray:
        assert self._meter is not None
        assert self._rows is not None
        count = self._rows.row_count
        size = min(self.batch_size, count)
        most = count // size
        batches = self.batches or -(-most // STEPS_PER_BATCH)
        step_size = self.step_size
        if step_size is None:
            rate = self.model.optimizer.learning_rate
            step_size = float(keras.ops.convert_to_numpy(rate))
        weights = [
            tf.convert_to_tensor(each) for each in self.model.trainable_variables
        ]
        others = [
            tf.convert_to_tensor(each) for each in self.model.non_trainable_variables
        ]
        found: list[np.ndarray] = []
        while len(found) < batches:
            order = self._generator.permutation(count)
            for first in range(0, most * size, size):
                if len(found) < batches:
                    batch = self._rows.take(order[first : first + size])
                    look = self._meter(weights, others, batch, step_size)
                    found.append(look.affinity)
        return known_mean(np.stack(found))


def _given_losses(model: Any) -> dict[str, Any]:
    """Return the losses that were passed to `compile` in place of the tasks' own.

    Default losses are left out, since tasks with the same loss are computed together.
    """
    given = {}
    for task in model.tasks:
        loss, own = model.loss[task.name], task.loss()
        is_own = type(loss) is type(own) and loss.get_config() == own.get_config()
        if not is_own:
            given[task.name] = loss
    return given
