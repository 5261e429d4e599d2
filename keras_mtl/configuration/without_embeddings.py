"""Settings of a model that trains nothing before its weights."""

from __future__ import annotations

from keras_mtl.configuration.fit_config import FitConfig

__all__ = ["without_embeddings"]


def without_embeddings(config: FitConfig) -> FitConfig:
    """Return settings without the layers that a network trains before its trunk.

    A model whose weights are solved for takes the encoded features as they are.

    Args:
        config: The settings.

    Example:

    >>> from keras_mtl.configuration import build_config
    >>> config = build_config({"inputs": {"numeric_embedding": "ple"}})
    >>> without_embeddings(config).inputs.numeric_embedding
    'none'
    """
    return config.replace(
        inputs=config.inputs.replace(numeric_embedding="none"),
        model=config.model.replace(input_scaling=False),
        features=tuple(feature.without_embedding() for feature in config.features),
    )
