"""Encoding of rows with the statistics of each fold's training rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_mtl.comparison.folds import Fold
from keras_mtl.features import (
    Feature,
    build_encoder,
    feature_arrays,
    feature_tensors,
    learn_features,
)
from keras_mtl.runs.feature_effects import column_blocks
from keras_mtl.runs.prepared_data import PreparedData

__all__ = ["FoldEncoder"]


class FoldEncoder:
    """Encoder of all rows, fold by fold, with a cache.

    Statistics and vocabularies are learned from the fold's training rows.

    Args:
        data: The rows.
    """

    def __init__(self, data: PreparedData) -> None:
        self._frame = data.frame
        self._made: dict[tuple[int, int, str], np.ndarray] = {}
        self._learned: dict[tuple[int, int, str], tuple[Feature, ...]] = {}

    def __call__(self, features: Sequence[Feature], fold: Fold) -> np.ndarray:
        """Return the encoded rows, float32 of shape (N, columns)."""
        key = _key(features, fold)
        if key not in self._made:
            learned = learn_features(features, self._frame, fold.train)
            encoder = build_encoder(learned)
            # Without a graph, because tracing takes longer than a few rows.
            arrays = feature_tensors(feature_arrays(learned, self._frame))
            self._made[key] = np.asarray(encoder(arrays))
            self._learned[key] = learned
        return self._made[key]

    def blocks(self, features: Sequence[Feature], fold: Fold) -> dict[str, slice]:
        """Return the columns of the encoded rows, by the column of the feature."""
        return column_blocks(self.learned(features, fold))

    def learned(self, features: Sequence[Feature], fold: Fold) -> tuple[Feature, ...]:
        """Return the features adapted to the training rows of the fold."""
        self(features, fold)
        return self._learned[_key(features, fold)]


def _key(features: Sequence[Feature], fold: Fold) -> tuple[int, int, str]:
    return fold.repeat, fold.number, repr(tuple(features))
