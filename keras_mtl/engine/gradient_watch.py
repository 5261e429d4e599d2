"""Conflict between the tasks' gradients, measured in the training step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import keras
import numpy as np
import tensorflow as tf

__all__ = ["GradientWatch", "conflict_columns", "conflict_values"]


def conflict_columns(names: Sequence[str]) -> list[str]:
    """Return the column names of the conflict between tasks.

    Args:
        names: The tasks' names.

    Example:

    >>> conflict_columns(["thal", "heart"])
    ['thal_heart_cosine', 'thal_heart_conflict', 'thal_gradient_norm',
     'heart_gradient_norm', 'thal_weight', 'heart_weight', 'conflict']
    """
    columns = []
    for one, other in combinations(names, 2):
        columns += [f"{one}_{other}_cosine", f"{one}_{other}_conflict"]
    columns += [f"{name}_gradient_norm" for name in names]
    columns += [f"{name}_weight" for name in names]
    return [*columns, "conflict"]


def conflict_values(
    gramian: tf.Tensor, weights: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Compute the values of `conflict_columns` for one step, and which are known.

    A task without a gradient, for example without labels, has no norm and no cosine.

    Args:
        gramian: The inner products of the tasks' gradients on the shared variables, (T,
            T).
        weights: The tasks' weights in this step, (T,).

    Returns:
        The values, 0 where unknown, and an array that is 1 where the value is known;
        each of shape (columns,).

    Example:

    >>> values, _ = conflict_values([[4.0, -2.0], [-2.0, 1.0]], [1.0, 1.0])
    >>> values.numpy().tolist()
    [-1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0]
    """
    gramian = tf.cast(gramian, tf.float32)
    norms = tf.sqrt(tf.maximum(tf.linalg.diag_part(gramian), 0.0))
    some = tf.cast(norms > 0, tf.float32)
    rows, columns = np.triu_indices(gramian.shape[0], 1)
    place = rows * gramian.shape[0] + columns
    # Divide by one norm at a time: the product of two small norms may be zero.
    cosines = tf.math.divide_no_nan(
        tf.math.divide_no_nan(gramian, norms[:, None]), norms[None, :]
    )
    cosines = tf.gather(tf.reshape(cosines, [-1]), place)
    both = tf.gather(tf.reshape(some[:, None] * some[None, :], [-1]), place)
    conflicts = tf.cast(cosines < 0, tf.float32)
    weights = tf.cast(weights, tf.float32)
    values = [
        tf.reshape(tf.stack([cosines, conflicts], axis=1), [-1]),
        norms,
        weights,
        tf.reduce_max(conflicts, keepdims=True) if len(place) else tf.zeros([1]),
    ]
    known = [
        tf.reshape(tf.stack([both, both], axis=1), [-1]),
        some,
        tf.ones_like(weights),
        tf.ones([1]),
    ]
    return tf.concat(values, axis=0), tf.concat(known, axis=0)


class GradientWatch:
    """Sums of `conflict_values` over steps, in variables.

    With variables, the sums include every step, even if one call of a compiled function
    runs many steps.

    Args:
        names: The tasks' names.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.columns = conflict_columns(names)
        shape = [len(self.columns)]
        self._sums = keras.Variable(tf.zeros(shape), trainable=False)
        self._counts = keras.Variable(tf.zeros(shape), trainable=False)

    def add(self, values: tf.Tensor, known: tf.Tensor) -> None:
        """Add the results of `conflict_values` for a step, or sums over steps."""
        self._sums.assign_add(values)
        self._counts.assign_add(known)

    def take(self) -> dict[str, float]:
        """Return the columns' means since the last call, and reset the sums.

        A column without a known value is NaN.
        """
        sums, counts = self._sums.numpy(), self._counts.numpy()
        self._sums.assign(tf.zeros_like(sums))
        self._counts.assign(tf.zeros_like(counts))
        means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        return dict(zip(self.columns, means.astype("float64").tolist(), strict=True))
