"""What happens to one batch, as a pure function."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf
from keras import ops

from keras_mtl.training.multi_task_model import MultiTaskModel

__all__ = ["BatchResult", "BatchStep"]

Tensors = list[tf.Tensor]


class BatchResult(NamedTuple):
    """What one batch gave.

    Attributes:
        gradients: Of the total loss, one for each trainable variable.
        statistics: New values of the variables that are not trained.
        losses: The tasks' losses, of shape (T,).
        counts: The rows with a label for each task, of shape (T,).
    """

    gradients: Tensors
    statistics: Tensors
    losses: tf.Tensor
    counts: tf.Tensor


class BatchStep:
    """The loss of one batch and its gradients, without any side effect.

    Weights and statistics go in as values and come out as values, so that a
    driver may loop over batches or map over members as it likes. No driver
    knows a task, and this knows no driver.

    Args:
        model: The model, which gives the architecture and the tasks. Its own
            variables are neither read nor written.
    """

    def __init__(self, model: MultiTaskModel) -> None:
        self.model = model
        self.losses = {task.name: task.loss() for task in model.tasks}
        self.loss_weights = [task.loss_weight for task in model.tasks]

    def __call__(
        self,
        trainable: Tensors,
        statistics: Tensors,
        inputs: Any,
        labels: dict[str, tf.Tensor],
        loss_weights: tf.Tensor,
    ) -> BatchResult:
        """Computes one batch.

        Args:
            trainable: Values of the model's trainable variables.
            statistics: Values of its other variables.
            inputs: The model's inputs.
            labels: By task name; NaN where missing.
            loss_weights: The factor of each task's loss, of shape (T,).
        """
        with tf.GradientTape() as tape:
            tape.watch(trainable)
            outputs, statistics, added = self.model.stateless_call(
                trainable, statistics, inputs, training=True, return_losses=True
            )
            losses, counts = self.task_losses(outputs, labels)
            total = tf.reduce_sum(losses * loss_weights)
            if added:
                total += tf.add_n(added)
        gradients = tape.gradient(
            total, trainable, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        return BatchResult(gradients, statistics, losses, counts)

    def task_losses(
        self, outputs: dict[str, tf.Tensor], labels: dict[str, tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the tasks' losses and their numbers of labelled rows, (T,)."""
        losses, counts = [], []
        for name, loss in self.losses.items():
            losses.append(loss(labels[name], outputs[name]))
            counts.append(ops.sum(ops.cast(loss.row_mask(labels[name]), "float32")))
        return tf.stack(losses), tf.stack(counts)
