"""The settings of an architecture that layers ask for while members train."""

from __future__ import annotations

import keras
import tensorflow as tf

from keras_mtl.layers.training_layers import asked_settings
from keras_mtl.model.multi_task_model import MultiTaskModel

__all__ = ["asked_numbers"]


def asked_numbers(model: MultiTaskModel) -> list[str]:
    """Return for which settings of the architecture a model's layers ask.

    They are what `MemberSettings.architecture` may have values of.

    Args:
        model: The model.

    Example:

    >>> from keras_mtl.architectures import build_architecture
    >>> from keras_mtl.tasks import BinaryTask
    >>> tasks = [BinaryTask("heart"), BinaryTask("stroke")]
    >>> asked_numbers(build_architecture("soft-sharing", 4, tasks))
    ['strength']
    """

    def run() -> None:
        inputs = keras.tree.map_structure(
            lambda each: tf.zeros((2, *each.shape[1:]), each.dtype), model.input
        )
        model.stateless_call(
            [tf.zeros(each.shape, each.dtype) for each in model.trainable_variables],
            [
                tf.zeros(each.shape, each.dtype)
                for each in model.non_trainable_variables
            ],
            inputs,
            return_losses=True,
        )

    # Traced alone: nothing is computed.
    trace = tf.function(run, autograph=False).get_concrete_function
    return asked_settings(trace)
