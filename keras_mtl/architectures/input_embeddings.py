"""Trained layers between the encoded features and a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_mtl.architectures.settings import ArchitectureSettings
from keras_mtl.features import Feature, build_encoder
from keras_mtl.features.embedding import Embedding
from keras_mtl.layers import (
    ColumnScaling,
    IndexEmbedding,
    PeriodicEmbedding,
    PiecewiseEmbedding,
)
from keras_mtl.model import MultiTaskModel

__all__ = ["embedded_width", "embedding_layers", "input_layers", "put_before"]


def input_layers(
    features: Sequence[Feature], settings: ArchitectureSettings
) -> list[keras.layers.Layer]:
    """Return the layers before a network for features and settings.

    Args:
        features: See `embedding_layers`.
        settings: The settings of the architecture.
    """
    layers = embedding_layers(features)
    if settings.input_scaling:
        layers.append(ColumnScaling(name="inputs.scaling"))
    return layers


def embedding_layers(features: Sequence[Feature]) -> list[keras.layers.Layer]:
    """Return the layers of the features' trained embeddings, before a network.

    Each layer appends columns. Existing columns keep their positions, except that the
    first number of its vector replaces an index.

    Args:
        features: Adapted features, in the order of the encoded columns.

    Example:

    >>> from keras_mtl.features import NumericFeature
    >>> age = NumericFeature(
    ...     "age", embedding="ple", missing_share=0.0, bin_edges=(-1.0, 0.5, 1.0)
    ... )
    >>> (layer,) = embedding_layers([age])
    >>> layer.edges
    [[-1.0, 0.5, 1.0]]
    """
    wanted: dict[str, list[tuple[int, Feature, Embedding]]] = {}
    column = 0
    for feature in features:
        embedding = feature.trained_embedding
        if embedding is not None:
            wanted.setdefault(embedding.kind, []).append((column, feature, embedding))
        column += len(feature.encoded_names)
    layers: list[keras.layers.Layer] = []
    if "index" in wanted:
        layers.append(
            IndexEmbedding(
                [column for column, *_ in wanted["index"]],
                [embedding.indices for *_, embedding in wanted["index"]],
                name="inputs.indices",
            )
        )
    edges = _encoded_quantiles(wanted.get("ple", ()))
    # A number that is constant in the training rows has no bin.
    columns = [column for column, own in edges.items() if len(own) > 1]
    if columns:
        layers.append(
            PiecewiseEmbedding(
                columns, [edges[column] for column in columns], name="inputs.piecewise"
            )
        )
    if "pbld" in wanted:
        layers.append(
            PeriodicEmbedding(
                [column for column, *_ in wanted["pbld"]], name="inputs.periodic"
            )
        )
    return layers


def embedded_width(width: int, layers: Sequence[keras.layers.Layer]) -> int:
    """Return the number of columns of an encoded matrix after some layers.

    Args:
        width: The number of columns of the encoded matrix.
        layers: The result of `input_layers`.
    """
    for layer in layers:
        _, width = layer.compute_output_shape((None, width))
    return width


def put_before(
    model: MultiTaskModel, layers: Sequence[keras.layers.Layer], width: int
) -> MultiTaskModel:
    """Return a copy of a model with layers after its input.

    The copy is one graph, so code that searches for shared layers, heads and trunks
    works for every architecture.

    Args:
        model: A functional model of a matrix with `embedded_width` columns.
        layers: The result of `input_layers`.
        width: The number of columns of the encoded matrix.

    Returns:
        A model of the encoded matrix, with new initial weights; the model itself if
        `layers` is empty.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> layers = [PeriodicEmbedding([0, 1], size=3)]
    >>> model = build_hard_sharing(embedded_width(4, layers), [BinaryTask("heart")])
    >>> put_before(model, layers, 4).input_shape
    (None, 4)
    """
    if not layers:
        return model
    inputs = keras.Input((width,), name="features")
    embedded = inputs
    for layer in layers:
        embedded = layer(embedded)

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        # The readers of the copy's input now read the output of the layers.
        args, kwargs = keras.tree.map_structure(
            lambda each: embedded if each is inputs else each, (args, kwargs)
        )
        return layer(*args, **kwargs)

    # Without the declarations of the tasks, which Keras would copy through the config.
    plain = keras.Model(model.input, model.output)
    copy = keras.models.clone_model(plain, input_tensors=inputs, call_function=call)
    return MultiTaskModel(inputs, copy.output, name=model.name, tasks=model.tasks)


def _encoded_quantiles(
    wanted: Sequence[tuple[int, Feature, Embedding]],
) -> dict[int, list[float]]:
    """Return the quantiles in encoded units, by encoded column."""
    if not wanted:
        return {}
    features = [feature for _, feature, _ in wanted]
    rows = max(len(embedding.quantiles) for *_, embedding in wanted)
    raw = {}
    for _, feature, embedding in wanted:
        values = np.full(max(rows, 1), np.nan, "float32")
        values[: len(embedding.quantiles)] = embedding.quantiles
        raw[feature.name] = values
    encoded = np.asarray(build_encoder(features)(raw))
    found, first = {}, 0
    for column, feature, embedding in wanted:
        own = encoded[: len(embedding.quantiles), first]
        # Clipped quantiles are equal, so each counts once.
        found[column] = np.unique(own).astype("float64").tolist()
        first += len(feature.encoded_names)
    return found
