"""What changes while many members train, and what an epoch tells."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from keras_mtl.training.adam import AdamState
from keras_mtl.training.batch_step import Tensors

__all__ = ["EpochResult", "MemberState", "Trained", "select", "select_state"]


class Trained(NamedTuple):
    """What a step changes, with an axis of K members in front.

    Attributes: See `MemberState`.
    """

    weights: Tensors
    statistics: Tensors
    adam: AdamState
    weighting: dict[str, tf.Tensor]


class MemberState(NamedTuple):
    """All that training changes, with an axis of K members in front.

    Attributes:
        weights: The trainable weights.
        statistics: What is not trained, normalisations' statistics say.
        adam: The optimizer's state.
        weighting: The weighting's state, by name.
        best_weights: The weights with the best validation loss so far.
        best_statistics: The statistics that belong to them.
        best_loss: That loss, (K,); infinite before the first epoch.
        best_epoch: Its epoch, (K,), from 1.
        active: Whether the member still trains, (K,): 1.0 or 0.0.
    """

    weights: Tensors
    statistics: Tensors
    adam: AdamState
    weighting: dict[str, tf.Tensor]
    best_weights: Tensors
    best_statistics: Tensors
    best_loss: tf.Tensor
    best_epoch: tf.Tensor
    active: tf.Tensor

    def trained(self) -> Trained:
        """Returns what the next step starts from."""
        return Trained(self.weights, self.statistics, self.adam, self.weighting)


class EpochResult(NamedTuple):
    """What an epoch is told by.

    Attributes:
        losses: The tasks' mean training losses, (K, T).
        validation_losses: Their validation losses, (K, T), or None.
        validation_metrics: What `MemberEvaluation` measured, (K, columns), or None.
        conflict: The means over the steps of `conflict_columns`, (K, columns),
            NaN where no step told anything; or None if they are not watched.
    """

    losses: tf.Tensor
    validation_losses: tf.Tensor | None
    validation_metrics: tf.Tensor | None
    conflict: tf.Tensor | None


def select(chosen: tf.Tensor, new: Tensors, old: Tensors) -> Tensors:
    """Takes the new value of the members chosen and the old of the others."""
    return [
        tf.where(tf.reshape(chosen, [-1] + [1] * (len(b.shape) - 1)) > 0, a, b)
        for a, b in zip(new, old, strict=True)
    ]


def select_state(
    chosen: tf.Tensor, new: dict[str, Any], old: dict[str, Any]
) -> dict[str, Any]:
    """Takes the new state of the members chosen and the old of the others."""
    return {name: select(chosen, [new[name]], [old[name]])[0] for name in old}
