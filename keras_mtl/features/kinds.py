"""The kinds of features by name, and conversion of features to plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from keras_mtl._core.kinds import deserialize_kind, register_kind
from keras_mtl._core.registry import Registry
from keras_mtl.features.feature import Feature

__all__ = [
    "FEATURE_KINDS",
    "deserialize_feature",
    "register_feature_kind",
    "serialize_feature",
]

FEATURE_KINDS: Registry[type[Feature]] = Registry(
    "feature kind",
    "a feature's kind among",
    {
        "numeric": "keras_mtl.features.numeric:NumericFeature",
        "boolean": "keras_mtl.features.boolean:BooleanFeature",
        "date": "keras_mtl.features.date:DateFeature",
        "hashed": "keras_mtl.features.hashed:HashedFeature",
        "categorical": "keras_mtl.features.categorical:CategoricalFeature",
    },
)

Kind = TypeVar("Kind", bound=type[Feature])


def register_feature_kind(name: str) -> Callable[[Kind], Kind]:
    """Return a decorator that adds a kind of feature.

    The class is a declaration, a subclass of `Feature`. The new kind is chosen like a
    built-in one: with `--feature COLUMN:NAME`, or with `kind = "NAME"` in TOML. It is
    inferred for the columns for which its `matches` is true.

    Args:
        name: The name of the kind, which becomes the attribute `kind` of the class.

    Raises:
        UserError: If the name is taken, or the class is not such a declaration.

    Example:

    >>> import keras_mtl
    >>> @keras_mtl.register_feature_kind("level")
    ... @keras_mtl.declaration
    ... class LevelFeature(keras_mtl.NumericFeature):
    ...     '''A number by another name.'''
    >>> deserialize_feature({"kind": "level", "name": "ca"}).dtype
    'float32'
    """
    return register_kind(FEATURE_KINDS, Feature, name)  # type: ignore[return-value]


def serialize_feature(feature: Feature) -> dict[str, Any]:
    """Convert a feature to plain values, for TOML, JSON or a model's config."""
    return {"kind": feature.kind, **feature.get_config()}


def deserialize_feature(config: Mapping[str, Any]) -> Feature:
    """Create a feature from plain values.

    Args:
        config: The key `kind` and the fields of the declaration.

    Raises:
        ValueError: If the kind is unknown or a field is invalid.

    Example:

    >>> deserialize_feature({"kind": "numeric", "name": "age"}).dtype
    'float32'
    """
    return deserialize_kind(config, FEATURE_KINDS)
