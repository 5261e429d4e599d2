"""Adaptation of features: their statistics from training rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from keras_mtl.features.feature import Feature

if TYPE_CHECKING:
    import numpy as np

    from keras_mtl.tables.column_store import Rows

__all__ = ["learn_features"]


def learn_features(
    features: Iterable[Feature], frame: Rows, rows: np.ndarray | None = None
) -> tuple[Feature, ...]:
    """Adapt features: learn means, ranges and vocabularies from training rows.

    Args:
        features: Declared or inferred features.
        frame: The rows. Without `rows`, all of them must be training rows.
        rows: The positions of the training rows; by default all.

    Returns:
        The adapted features, with their statistics.

    Example:

    >>> import pandas as pd
    >>> from keras_mtl.features import NumericFeature
    >>> frame = pd.DataFrame({"age": [40.0, 60.0]})
    >>> learn_features([NumericFeature("age")], frame)[0].mean
    50.0
    """
    part = slice(None) if rows is None else rows
    return tuple(
        # One column at a time, since the training rows are a copy.
        feature.learn(frame[feature.column_name].iloc[part])
        for feature in features
    )
