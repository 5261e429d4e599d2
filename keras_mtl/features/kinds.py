"""The kinds of feature by name, and features to and from plain values."""

from __future__ import annotations

from typing import Any

from keras_mtl.declarations import deserialize_kind
from keras_mtl.features.boolean import BooleanFeature
from keras_mtl.features.categorical import CategoricalFeature
from keras_mtl.features.feature import Feature
from keras_mtl.features.numeric import NumericFeature

__all__ = ["FEATURE_KINDS", "deserialize_feature", "serialize_feature"]

FEATURE_KINDS: dict[str, type[Feature]] = {
    kind.kind: kind for kind in (NumericFeature, BooleanFeature, CategoricalFeature)
}


def serialize_feature(feature: Feature) -> dict[str, Any]:
    """Returns a feature as plain values, for TOML, JSON or a model's config."""
    return {"kind": feature.kind, **feature.get_config()}


def deserialize_feature(config: dict[str, Any]) -> Feature:
    """Makes a feature from plain values.

    Args:
        config: The kind and the fields of the feature's declaration.

    Raises:
        ValueError: When the kind is unknown or a field is wrong.

    Example:

    >>> deserialize_feature({"kind": "numeric", "name": "age"}).dtype
    'float32'
    """
    return deserialize_kind(config, FEATURE_KINDS, "feature")
