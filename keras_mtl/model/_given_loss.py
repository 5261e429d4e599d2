"""Steps of a model whose subclass computes one loss of its own."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.engine.layer_rates import update_at_rates
from keras_mtl.weighting import get as get_weighting

__all__ = ["evaluate_on_given_loss", "train_on_given_loss"]


def train_on_given_loss(model: Any, batch: Batch, data: Any) -> tuple[Any, ...]:
    """Make one update by `compute_loss`, and return the outputs by block.

    Args:
        model: The model.
        batch: The batch, by block.
        data: The batch as Keras passes it.
    """
    if type(model.weighting) is not type(get_weighting("sum")):
        raise ValueError(
            "Expected `weighting='sum'` for a model that overrides `compute_loss`: "
            "one loss has no tasks to weigh. Received: "
            f"weighting={model.weighting!r}"
        )
    with tf.GradientTape() as tape:
        outputs = model(batch.inputs, training=True)
        loss = _loss(model, batch, data, outputs, training=True)
        scaled = model.optimizer.scale_loss(loss)
    variables = model.trainable_variables
    gradients = tape.gradient(scaled, variables)
    update_at_rates(
        lambda: model.optimizer.apply(gradients, variables),
        variables,
        model._compiled().rates,
    )
    return model._by_block(outputs)


def evaluate_on_given_loss(model: Any, batch: Batch, data: Any) -> tuple[Any, ...]:
    """Evaluate a batch by `compute_loss`. See `train_on_given_loss`."""
    outputs = model(batch.inputs, training=False)
    _loss(model, batch, data, outputs, training=False)
    return model._by_block(outputs)


def _loss(model: Any, batch: Batch, data: Any, outputs: Any, training: bool) -> Any:
    """Return the result of an overridden `compute_loss`, and track all losses."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    loss = model.compute_loss(x, y, outputs, sample_weight, training=training)
    rows = tf.shape(tf.nest.flatten(batch.inputs)[0])[0]
    model._loss_tracker.update_state(loss, sample_weight=tf.cast(rows, tf.float32))
    compiled = model._compiled()
    by_block = model._by_block(outputs)
    compiled.loss_trackers.update_state(*compiled.losses(batch, by_block))
    compiled.measure(batch, by_block)
    return loss
