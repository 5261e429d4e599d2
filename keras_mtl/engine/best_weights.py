"""Early stopping of members, each at its own time."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.engine.trainer import Trainer

__all__ = ["BestWeights"]


class BestWeights:
    """Best weights of each member, and the members that still train.

    The object is part of the compiled epoch, so its state consists of variables. For
    members, each has a leading axis K.

    Args:
        trainer: The members' trainer.
        patience: The number of epochs without a better joint validation loss after
            which a member stops. 0 keeps no weights and stops no member.
        counted_after: The number of epochs at the start that patience does not count.
    """

    def __init__(self, trainer: Trainer, patience: int, counted_after: int = 0) -> None:
        axis = [] if trainer.members is None else [trainer.members]
        self.patience = patience
        self._counted_after = counted_after
        self.active = _variable(np.ones(axis, bool))
        self.epochs = _variable(np.zeros(axis, "int32"))
        self.best_epoch = _variable(np.zeros(axis, "int32"))
        self.best_loss = _variable(np.full(axis, np.inf, "float32"))
        self._current = [*trainer.weights, *trainer.statistics] if patience else []
        self._best = [_variable(tf.convert_to_tensor(each)) for each in self._current]
        self._weights = len(trainer.weights)
        # Auxiliary tasks help the other tasks, and do not decide when to stop.
        tasks = trainer.step.model.tasks
        counted = np.array([not task.auxiliary for task in tasks], "float32")
        self._counted = None if counted.all() else tf.constant(counted)

    def restart(self) -> None:
        """Start again: all members train, and their current weights are their best."""
        self.active.assign(tf.ones_like(self.active))
        for each in (self.epochs, self.best_epoch):
            each.assign(tf.zeros_like(each))
        self.best_loss.assign(tf.fill(self.best_loss.shape, np.float32(np.inf)))
        for best, current in zip(self._best, self._current, strict=True):
            best.assign(current)

    @property
    def variables(self) -> list[keras.Variable]:
        """All state that is needed to resume training."""
        return [self.active, self.epochs, self.best_epoch, self.best_loss, *self._best]

    def update(self, trainer: Trainer, losses: tf.Tensor) -> None:
        """Update with the tasks' validation losses after an epoch, (K, T)."""
        if not self.patience:
            return
        weighted = losses * trainer.loss_weights
        if self._counted is not None:
            weighted *= self._counted
        joint = tf.reduce_sum(weighted, axis=-1)
        active = tf.convert_to_tensor(self.active)
        better = (joint < self.best_loss) & active
        epoch = self.epochs + 1
        best_epoch = tf.where(better, epoch, self.best_epoch)
        for best, current in zip(self._best, self._current, strict=True):
            lifted = tf.reshape(
                better, [*better.shape, *[1] * (len(current.shape) - len(better.shape))]
            )
            best.assign(tf.where(lifted, current, best))
        self.best_loss.assign(tf.where(better, joint, self.best_loss))
        self.best_epoch.assign(best_epoch)
        waited = epoch - tf.maximum(best_epoch, self._counted_after)
        self.active.assign(active & (waited < self.patience))
        self.epochs.assign(epoch)

    def weights_and_statistics(
        self, trainer: Trainer
    ) -> tuple[Sequence[keras.Variable], Sequence[keras.Variable]]:
        """Return the variables to keep: the best, or those of the last epoch."""
        if not self.patience:
            return trainer.weights, trainer.statistics
        return self._best[: self._weights], self._best[self._weights :]


def _variable(value: np.ndarray | tf.Tensor) -> keras.Variable:
    dtype = keras.backend.standardize_dtype(value.dtype)
    return keras.Variable(value, trainable=False, dtype=dtype)
