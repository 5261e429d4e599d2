"""Measurement of the tasks' gradients while a network of a comparison trains."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from keras_mtl.analysis.affinity import AffinityMeter
from keras_mtl.analysis.known_values import known_mean
from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_labels
from keras_mtl.engine.shared_arrays import as_tensor
from keras_mtl.engine.training_graph import is_seed
from keras_mtl.model import MultiTaskModel
from keras_mtl.training import Progress, TrainingSettings

__all__ = ["GradientProbe"]

# The number of training steps per measured batch.
STEPS_PER_BATCH = 10
MOST_BATCHES = 20
# The largest number of measurements per training.
LOOKS = 50
# Cosines are averaged over a few measurements. This is the approximate number of
# points in the table.
POINTS = 25


class GradientProbe:
    """Callback that measures affinities and cosines of some members during a fit.

    `AffinityMeter` measures at the weights after an epoch, on random batches of a
    member's training rows, with the learning rate of the settings. The fit does not
    change: the probe reads the values that `fit_members` passes to `on_progress`.

    Args:
        model: The architecture that `fit_members` trains.
        inputs: The rows, float32 of shape (N, columns).
        labels: Encoded labels by task name, (N,) or (N, labels).
        rows: The indices of the training rows of each member of the fit.
        members: The positions of the measured members.
        numbers: The numbers that seed the batches of these members. The batches of a
            member therefore do not depend on the members trained beside it.
        settings: The training settings of the members.
        seed: The seed of the batches.
    """

    def __init__(
        self,
        model: MultiTaskModel,
        inputs: np.ndarray,
        labels: Mapping[str, np.ndarray],
        rows: Sequence[np.ndarray],
        members: Sequence[int],
        numbers: Sequence[int],
        settings: TrainingSettings,
        seed: int,
    ) -> None:
        self._model = model
        self._settings = settings
        self._members = list(members)
        self._rows = [rows[member] for member in members]
        # In a fit of one member, the values have no axis of members.
        self._has_axis = len(rows) > 1
        self._meter = AffinityMeter(
            model, members=len(self._members) if self._has_axis else None
        )
        names = [task.name for task in model.tasks]
        self._tasks = len(names)
        packed = pack_labels(
            self._meter.step.blocks, {name: as_tensor(labels[name]) for name in names}
        )
        self._data = Batch(as_tensor(inputs), packed)
        fewest = min(len(own) for own in self._rows)
        self._batch_size = min(settings.batch_size, fewest)
        self._every = math.ceil(settings.epochs / LOOKS)
        steps = self._every * math.ceil(fewest / self._batch_size)
        self._batches = min(MOST_BATCHES, math.ceil(steps / STEPS_PER_BATCH))
        # Independent of the random numbers of a member's training batches.
        self._generators = [
            np.random.default_rng((seed, number, 1)) for number in numbers
        ]
        self._epochs: list[int] = []
        self._affinities: list[np.ndarray] = []
        self._cosines: list[np.ndarray] = []

    def look(self, progress: Progress) -> None:
        """Measure the members after an epoch; the `on_progress` of `fit_members`."""
        if progress.epoch % self._every:
            return
        # A stopped member has a loss of NaN, and weights of an earlier epoch.
        stopped = np.isnan(progress.history[-1][0][self._members])
        if stopped.all():
            return
        count = len(self._model.trainable_variables)
        weights = [self._own(values) for values in progress.state[:count]]
        kept = iter(progress.state[count:])
        statistics = [
            self._unused(variable) if is_seed(variable) else self._own(next(kept))
            for variable in self._model.non_trainable_variables
        ]
        looks = [
            self._meter(
                weights, statistics, self._batch(), self._settings.learning_rate
            )
            for _ in range(self._batches)
        ]
        shape = (len(looks), len(self._members), self._tasks, self._tasks)
        for kind, found in (
            ("affinity", self._affinities),
            ("cosines", self._cosines),
        ):
            values = np.stack([getattr(look, kind) for look in looks]).reshape(shape)
            means = known_mean(values)
            means[stopped] = np.nan
            found.append(means)
        self._epochs.append(progress.epoch)

    def results(self) -> list[dict[str, np.ndarray]]:
        """Return the affinities and cosines of each member.

        Returns:
            One dict per member: `affinity`, (T, T), the means over the training;
                `epochs`,
            (points,); and `cosines`, (points, T, T), the means over the measurements
            since the previous point.
        """
        if not self._epochs:
            return [{} for _ in self._members]
        affinity = known_mean(np.stack(self._affinities))
        cosines = np.stack(self._cosines)
        looks = math.ceil(self._settings.epochs / self._every)
        size = math.ceil(looks / POINTS)
        parts = range(0, len(cosines), size)
        means = np.stack([known_mean(cosines[first : first + size]) for first in parts])
        # The last epoch of each part, also of a part that training did not complete.
        last = [self._every * (first + size) for first in parts]
        epochs = np.minimum(last, self._settings.epochs)
        return [
            {"affinity": affinity[k], "epochs": epochs, "cosines": means[:, k]}
            for k in range(len(self._members))
        ]

    def _own(self, values: tf.Tensor) -> tf.Tensor:
        """Return the values of the measured members."""
        return tf.gather(values, self._members) if self._has_axis else values

    def _unused(self, variable: tf.Variable) -> tf.Tensor:
        """Return a placeholder for a state that no layer uses: nothing is random."""
        axis = [len(self._members)] if self._has_axis else []
        return tf.zeros([*axis, *variable.shape], variable.dtype)

    def _batch(self) -> Batch:
        order = np.stack(
            [
                generator.choice(own, self._batch_size, replace=False)
                for generator, own in zip(self._generators, self._rows, strict=True)
            ]
        )
        return self._data.take(order if self._has_axis else order[0])
