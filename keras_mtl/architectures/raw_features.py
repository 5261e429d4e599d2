"""Encoder and core in one model, from raw features to predictions."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from keras_mtl.features import Feature
from keras_mtl.model import MultiTaskModel

__all__ = ["join_encoder"]


def join_encoder(
    encoder: keras.Model,
    core: MultiTaskModel,
    features: Sequence[Feature],
    name: str = "multi_task",
) -> MultiTaskModel:
    """Join an encoder and a model of its encoded matrix into one model.

    Training uses the encoded matrix, which is computed once. The joined model is the
    one to save and serve. It shares the weights of the core.

    Args:
        encoder: The encoder that `build_encoder` returned for the features.
        core: A model whose only input is the encoded matrix.
        features: The features.
        name: The joined model's name.

    Returns:
        A `MultiTaskModel` from a dict of raw features to the core's outputs. A core
        that has the name of a feature is renamed.
    """
    # The encoder's own graph is extended: calling the encoder on new inputs would
    # create and trace each input a second time.
    if core.name in {layer.name for layer in encoder.layers}:
        # A column may have any name, and Keras does not accept two layers of one name.
        # The name of an input has no dot.
        core.name = f"{core.name}.model"
    return MultiTaskModel(
        encoder.input,
        core(encoder.output),
        name=name,
        tasks=core.tasks,
        features=features,
    )
