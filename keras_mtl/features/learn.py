"""Learning the features' statistics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from keras_mtl.features.feature import Feature

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["learn_features"]


def learn_features(
    features: Iterable[Feature], frame: pd.DataFrame
) -> tuple[Feature, ...]:
    """Learns means, ranges and vocabularies.

    Args:
        features: Declared or inferred features.
        frame: The training rows, and no others.

    Returns:
        The features with their statistics.

    Example:

    >>> import pandas as pd
    >>> from keras_mtl.features import NumericFeature
    >>> frame = pd.DataFrame({"age": [40.0, 60.0]})
    >>> learn_features([NumericFeature("age")], frame)[0].mean
    50.0
    """
    return tuple(feature.learn(frame[feature.column_name]) for feature in features)
