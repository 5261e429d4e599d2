"""Choices of a search: the encodings of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from keras_mtl.configuration.fit_config import InputSettings
from keras_mtl.features import Feature

__all__ = ["ENCODINGS", "encode_otherwise"]

# The settings of [inputs] that a search varies for all models. Only networks have
# `numeric_embedding`.
ENCODINGS = ("encoding", "numeric_encoding", "missing_flags", "maximum_levels")


def encode_otherwise(
    features: Sequence[Feature], before: InputSettings, now: InputSettings
) -> tuple[Feature, ...]:
    """Return features as other settings of `[inputs]` declare them.

    After the data are read, features are declared in full. Inferred features have the
    values of the settings before the search. A feature that was declared with another
    value keeps that value.

    Args:
        features: The features, not yet adapted.
        before: The settings that declared the features.
        now: The settings that declare them in the result.

    Example:

    >>> from keras_mtl.features import NumericFeature
    >>> features = [NumericFeature("a"), NumericFeature("b", encoding="quantile")]
    >>> now = InputSettings(numeric_encoding="robust")
    >>> [each.encoding for each in encode_otherwise(features, InputSettings(), now)]
    ['robust', 'quantile']
    """
    return tuple(_encode_otherwise(feature, before, now) for feature in features)


def _encode_otherwise(
    feature: Feature, before: InputSettings, now: InputSettings
) -> Feature:
    old, new = feature.with_defaults(before), feature.with_defaults(now)
    changes = {
        field.name: getattr(new, field.name)
        for field in fields(feature)
        if getattr(feature, field.name) == getattr(old, field.name)
    }
    return feature.replace(**changes)
