"""Encodings of features among the choices of a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from keras_mtl.configuration.fit_config import InputSettings
from keras_mtl.features import Feature

__all__ = ["ENCODINGS", "encode_otherwise"]

# The settings of [inputs] that a search varies for models of all kinds;
# `numeric_embedding` is one of networks alone.
ENCODINGS = ("encoding", "numeric_encoding", "missing_flags", "maximum_levels")


def encode_otherwise(
    features: Sequence[Feature], before: InputSettings, now: InputSettings
) -> tuple[Feature, ...]:
    """Returns features as other settings of `[inputs]` want them.

    After the data are read, features are declared in full: those that were inferred
    have the values of the settings before. A feature that was declared with another
    value keeps its own.

    Args:
        features: The features, which have not learned yet.
        before: The settings that they were declared by.
        now: The settings to declare them by.

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
