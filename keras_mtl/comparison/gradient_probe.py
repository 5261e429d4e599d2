"""A look at the tasks' gradients while a network of a comparison trains."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import tensorflow as tf

from keras_mtl.analysis.affinity import AffinityMeter, mean_affinity
from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_labels
from keras_mtl.engine.shared_arrays import as_tensor
from keras_mtl.engine.training_graph import is_seed
from keras_mtl.model import MultiTaskModel
from keras_mtl.training import MemberFit, Progress, TrainingSettings

__all__ = ["GradientProbe"]

# One batch for every so many steps of training, and at most so many per epoch.
STEPS_PER_BATCH = 10
MOST_BATCHES = 20
# Cosines are means over a few epochs, so that a table has about so many.
POINTS = 25


class GradientProbe:
    """Measures affinities during a fit of members, and keeps their cosines.

    Affinities are those of `AffinityMeter` at the weights after each epoch, on
    random batches of a member's own training rows, with the learning rate of
    the settings.

    Args:
        model: The architecture that `fit_members` trains.
        inputs: The rows, float32 of shape (N, columns).
        labels: By task name, (N,) or (N, labels).
        rows: For each member the indices of its training rows.
        settings: How the members are trained.
        numbers: The members' numbers.
        seed: The seed of the members.
    """

    def __init__(
        self,
        model: MultiTaskModel,
        inputs: np.ndarray,
        labels: Mapping[str, np.ndarray],
        rows: Sequence[np.ndarray],
        settings: TrainingSettings,
        numbers: Sequence[int],
        seed: int,
    ) -> None:
        self._model = model
        self._names = [task.name for task in model.tasks]
        self._rows = rows
        self._settings = settings
        # A fit of one member has values without an axis of members.
        members = None if len(rows) == 1 else len(rows)
        self._meter = AffinityMeter(model, members=members)
        packed = pack_labels(
            self._meter.step.blocks,
            {name: as_tensor(labels[name]) for name in self._names},
        )
        self._data = Batch(as_tensor(inputs), packed)
        fewest = min(len(own) for own in rows)
        self._batch_size = min(settings.batch_size, fewest)
        steps = math.ceil(fewest / self._batch_size)
        self._batches = min(MOST_BATCHES, math.ceil(steps / STEPS_PER_BATCH))
        # Apart from the sources of the members' batches.
        self._generators = [
            np.random.default_rng((seed, number, 1)) for number in numbers
        ]
        self._measured: list[np.ndarray] = []

    def look(self, progress: Progress) -> None:
        """Measures affinities after an epoch: the `on_progress` of `fit_members`."""
        count = len(self._model.trainable_variables)
        weights = list(progress.state[:count])
        kept = iter(progress.state[count:])
        statistics = [
            self._unused(variable) if is_seed(variable) else next(kept)
            for variable in self._model.non_trainable_variables
        ]
        found = np.stack(
            [
                self._meter(
                    weights, statistics, self._batch(), self._settings.learning_rate
                )
                for _ in range(self._batches)
            ]
        ).reshape(self._batches, len(self._rows), len(self._names), len(self._names))
        values = mean_affinity(found)
        # A member that has stopped may go on, but its network is an earlier one.
        values[np.isnan(progress.history[-1][0])] = np.nan
        self._measured.append(values)

    def results(self, fit: MemberFit) -> list[dict[str, np.ndarray]]:
        """Returns what each member's training told.

        Args:
            fit: The fit that was looked at, with conflict watched.

        Returns:
            For each member `affinity`, (T, T), the means over training;
            `epochs`, (points,), and `cosines`, (points, pairs), the means of the
            cosines over the epochs since the point before, pairs of tasks as
            `itertools.combinations` gives them.
        """
        affinities = mean_affinity(np.stack(self._measured))
        cosines = np.stack(
            [
                fit.history[f"{one}_{other}_cosine"]
                for one, other in combinations(self._names, 2)
            ],
            axis=-1,
        )
        every = math.ceil(self._settings.epochs / POINTS)
        parts = [
            cosines[first : first + every] for first in range(0, len(cosines), every)
        ]
        epochs = np.minimum(np.arange(1, len(parts) + 1) * every, self._settings.epochs)
        means = np.stack([mean_affinity(part) for part in parts])
        return [
            {"affinity": affinities[k], "epochs": epochs, "cosines": means[:, k]}
            for k in range(len(self._rows))
        ]

    def _batch(self) -> Batch:
        order = np.stack(
            [
                generator.choice(own, self._batch_size, replace=False)
                for generator, own in zip(self._generators, self._rows, strict=True)
            ]
        )
        return self._data.take(order[0] if len(order) == 1 else order)

    def _unused(self, variable: tf.Variable) -> tf.Tensor:
        """Returns a state that no layer looks at: nothing is random here."""
        shape = list(variable.shape)
        if len(self._rows) > 1:
            shape = [len(self._rows), *shape]
        return tf.zeros(shape, variable.dtype)
