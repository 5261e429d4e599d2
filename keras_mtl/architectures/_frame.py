"""The frame of all builders: inputs, names and the encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import keras

from keras_mtl.architectures.input_embeddings import (
    embedded_width,
    embedding_layers,
    put_before,
)
from keras_mtl.architectures.raw_features import join_encoder
from keras_mtl.features import Feature, build_encoder
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["Features", "build_framed"]

# The width of an encoded matrix, the shape of a row, or adapted features.
Features = int | Sequence[int] | Sequence[Feature]


def build_framed(
    features: Features,
    tasks: Sequence[Task],
    body: Callable[[Any], dict[str, Any]],
    name: str,
    input_dropout: float = 0.0,
) -> MultiTaskModel:
    """Build a model around its body.

    Args:
        features: The input: the width of an encoded matrix; the shape of one row; or
            adapted features, for a model of raw features.
        tasks: The resolved tasks.
        body: A function from the input tensor to the outputs by task name.
        name: The model's name.
        input_dropout: The dropout rate of the input.

    Raises:
        ValueError: If there is no task, two tasks have the same name, or a task has the
            name of a feature.
    """
    _check_names(tasks, features)
    if _is_features(features):
        features = cast(Sequence[Feature], features)
        encoder = build_encoder(features)
        width, layers = encoder.output_shape[-1], embedding_layers(features)
        core = build_framed(
            embedded_width(width, layers), tasks, body, f"{name}_core", input_dropout
        )
        core = put_before(core, layers, width)
        return join_encoder(encoder, core, features, name=name)
    shape = (features,) if isinstance(features, int) else tuple(features)
    inputs = keras.Input(shape=shape, name="features")
    hidden = inputs
    if input_dropout:
        hidden = keras.layers.Dropout(input_dropout, name="input_dropout")(hidden)
    return MultiTaskModel(inputs, body(hidden), name=name, tasks=tasks)


def _is_features(features: Any) -> bool:
    return not isinstance(features, int) and any(
        isinstance(feature, Feature) for feature in features
    )


def _check_names(tasks: Sequence[Task], features: Any) -> None:
    names = [task.name for task in tasks]
    if not names:
        raise ValueError(
            "Invalid value received for argument `tasks`. Expected at least one "
            "task. Received: none."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            "Invalid value received for argument `tasks`. Expected each name once. "
            f"Received twice: {', '.join(twice)}"
        )
    if _is_features(features):
        shared = sorted({feature.name for feature in features} & set(names))
        if shared:
            raise ValueError(
                "Invalid value received for argument `tasks`. Expected names that "
                f"no feature has. Received: {', '.join(shared)}"
            )
