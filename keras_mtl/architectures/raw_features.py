"""Encoder and core in one model, from raw features to answers."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from keras_mtl.features import Feature
from keras_mtl.training import MultiTaskModel

__all__ = ["join_encoder"]


def join_encoder(
    encoder: keras.Model,
    core: MultiTaskModel,
    features: Sequence[Feature],
    name: str = "multi_task",
) -> MultiTaskModel:
    """Puts an encoder before a model of its encoded matrix.

    Training works on the encoded matrix, which is computed once; the joined
    model is what is saved and served. Both share the core's weights.

    Args:
        encoder: What `build_encoder` built from the features.
        core: A model whose one input is the encoded matrix.
        features: The features.
        name: The joined model's name.

    Returns:
        A `MultiTaskModel` from a dict of raw features to the core's outputs.
    """
    # New inputs, as those of the encoder belong to its own graph.
    inputs = {feature.name: feature.input_layer() for feature in features}
    outputs = core(encoder(inputs))
    return MultiTaskModel(
        inputs, outputs, name=name, tasks=core.tasks, features=features
    )
