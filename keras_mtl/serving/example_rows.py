"""Rows like the training rows, made of what the features learned.

They warm the server up and check the export; no training row leaves the run.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_mtl.features import Feature

__all__ = ["example_rows", "missing_rows"]


def example_rows(
    features: Sequence[Feature], count: int = 8, seed: int = 0
) -> dict[str, np.ndarray]:
    """Draws rows from the features' statistics, each feature by itself.

    Args:
        features: The features, with their statistics.
        count: How many rows.
        seed: The seed of the draws.

    Returns:
        By feature name an array of shape (count,), as `feature_arrays` gives.

    Example:

    >>> from keras_mtl.features import CategoricalFeature
    >>> sex = CategoricalFeature("sex", vocabulary=("f", "m"), frequencies=(0.0, 1.0))
    >>> example_rows([sex], count=2)["sex"].tolist()
    ['m', 'm']
    """
    generator = np.random.default_rng(seed)
    return {feature.name: feature.draw(generator, count) for feature in features}


def missing_rows(features: Sequence[Feature], count: int = 1) -> dict[str, np.ndarray]:
    """Makes rows in which every value is missing.

    Example:

    >>> from keras_mtl.features import BooleanFeature, NumericFeature
    >>> missing_rows([NumericFeature("age"), BooleanFeature("fbs")])
    {'age': array([nan], dtype=float32), 'fbs': array([''], dtype=object)}
    """
    return {
        feature.name: np.full(count, np.nan, "float32")
        if feature.dtype == "float32"
        else np.full(count, "", object)
        for feature in features
    }
