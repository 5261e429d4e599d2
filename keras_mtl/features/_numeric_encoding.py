"""The layer of all numeric features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.features._column_order import join_in_feature_order
from keras_mtl.features._share_encoding import ShareEncoding
from keras_mtl.features._standardize import LARGEST_NUMBER
from keras_mtl.features.piecewise_linear import PiecewiseLinear

__all__ = ["NumericColumn", "NumericEncoding"]

# In standard deviations. A value far outside the training range is encoded as this
# limit, which is finite and near to values in training.
CLIP = 10.0
# The smooth limit of a robust scale.
SMOOTH_CLIP = 3.0
FAR = 1e6


@dataclass(frozen=True)
class NumericColumn:
    """Settings of one numeric feature.

    Attributes:
        mean: The training mean; the median of a robust scale.
        scale: The training standard deviation; the interquartile range of a robust
            scale, for which 0 encodes every number as 0.
        missing_values: Numbers that mean missing.
        missing_share: The share of training rows without the number; None leaves out
            the column that marks missing numbers.
        levels: Values with their own columns.
        level_shares: The share of training rows with each level.
        encoding: `"standard"`, `"robust"` or `"quantile"`.
        quantiles: The knots of the encoding `"quantile"`, in ascending order.
        scores: The encoded number at each knot.
    """

    mean: float = 0.0
    scale: float = 1.0
    missing_values: tuple[float, ...] = ()
    missing_share: float | None = None
    levels: tuple[float, ...] = ()
    level_shares: tuple[float, ...] = ()
    encoding: str = "standard"
    quantiles: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()


@keras.saving.register_keras_serializable(package="keras_mtl")
class NumericEncoding(ShareEncoding):
    """Layer that scales each number by its own settings; missing numbers become 0.

    The encoded columns of a number are the scaled number; for each of its `levels`,
    whether the number is that level; and whether the number is missing. The columns of
    levels and of missing numbers are standardized.

    NaN and each of `missing_values` mean missing. Infinities and extremes are
    clipped, so every output is finite.

    One layer encodes all features by vectors of their statistics. For a wide table, one
    layer per feature would take far more time than the arithmetic.

    Args:
        columns: One `NumericColumn`, or a dict of its fields, per feature.
        clip: The largest distance from the mean, in standard deviations.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A list of one float32 tensor of shape (N,) per feature.

    Returns:
        float32 of shape (N, columns), in the order of the features.

    Example:

    >>> column = NumericColumn(
    ...     mean=200.0, scale=50.0, missing_values=(0,), missing_share=0.2
    ... )
    >>> layer = NumericEncoding([column])
    >>> layer([np.array([250.0, 0.0, np.nan, 1e30], "float32")]).numpy().tolist()
    [[1.0, -0.5], [0.0, 2.0], [0.0, 2.0], [10.0, -0.5]]
    """

    def __init__(
        self,
        columns: Iterable[NumericColumn | Mapping[str, Any]],
        clip: float = CLIP,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.columns = tuple(
            column if isinstance(column, NumericColumn) else NumericColumn(**column)
            for column in columns
        )
        self.clip = clip
        encodings = np.asarray([column.encoding for column in self.columns])
        self._robust = encodings == "robust"
        self._by_quantiles = np.flatnonzero(encodings == "quantile")
        quantiles = [self.columns[position] for position in self._by_quantiles]
        self._quantiles = PiecewiseLinear(
            [column.quantiles or (0.0,) for column in quantiles],
            [column.scores or (0.0,) for column in quantiles],
        )
        self._mean = _vector(column.mean for column in self.columns)
        self._factor = _factors(_vector(column.scale for column in self.columns))
        self._sentinels = _sentinels(self.columns)
        levels = [
            (position, level, *self.standardize(share))
            for position, column in enumerate(self.columns)
            for level, share in zip(column.levels, column.level_shares, strict=True)
        ]
        self._levels = _FlagColumns.of((p, zero, one) for p, _, zero, one in levels)
        self._level_values = _vector(level for _, level, _, _ in levels)
        self._missing = _FlagColumns.of(
            (position, *self.standardize(column.missing_share))
            for position, column in enumerate(self.columns)
            if column.missing_share is not None
        )

    def call(self, inputs):
        numbers = ops.stack(inputs, axis=-1)
        missing = ops.isnan(numbers)
        # NaN and infinity are replaced first: in an ONNX file, `where` is a sum of
        # products, unless its condition tests for NaN itself.
        known = ops.where(missing, self._mean, numbers)
        known = ops.clip(known, -LARGEST_NUMBER, LARGEST_NUMBER)
        for sentinels in self._sentinels:
            means_missing = ops.equal(numbers, sentinels)
            known = ops.where(means_missing, self._mean, known)
            missing = ops.logical_or(missing, means_missing)
        parts = [self._scale(known, missing)]
        positions = [np.arange(len(self.columns))]
        if len(self._levels):
            hit = ops.logical_and(
                ops.logical_not(self._levels.take(missing)),
                ops.equal(self._levels.take(numbers), self._level_values),
            )
            parts.append(self._levels.standardize(hit))
            positions.append(self._levels.positions)
        if len(self._missing):
            parts.append(self._missing.standardize(self._missing.take(missing)))
            positions.append(self._missing.positions)
        return join_in_feature_order(parts, positions)

    def _scale(self, known, missing):
        """Return each number on the scale of its column; 0 where missing."""
        distance = (known - self._mean) * self._factor
        scaled = ops.clip(distance, -self.clip, self.clip)
        if self._robust.any():
            scaled = ops.where(self._robust, _clip_smoothly(distance), scaled)
        if not len(self._by_quantiles):
            return scaled
        scores = ops.clip(
            self._quantiles(ops.take(known, self._by_quantiles, axis=-1)),
            -self.clip,
            self.clip,
        )
        scores = ops.where(
            ops.take(missing, self._by_quantiles, axis=-1), np.float32(0), scores
        )
        if len(self._by_quantiles) == len(self.columns):
            return scores
        others = np.setdiff1d(np.arange(len(self.columns)), self._by_quantiles)
        return join_in_feature_order(
            [ops.take(scaled, others, axis=-1), scores],
            [others, self._by_quantiles],
        )

    def compute_output_shape(self, input_shape):
        columns = len(self.columns) + len(self._levels) + len(self._missing)
        return (*input_shape[0], columns)

    def get_config(self):
        columns = [asdict(column) for column in self.columns]
        return {**super().get_config(), "columns": columns, "clip": self.clip}


@dataclass(frozen=True)
class _FlagColumns:
    """Columns of zeros and ones, each with the position of its feature.

    Attributes:
        positions: The features' positions.
        zero: The standardized 0 of each column.
        one: The standardized 1 of each column.
    """

    positions: np.ndarray
    zero: np.ndarray
    one: np.ndarray

    @classmethod
    def of(cls, columns: Iterable[tuple[int, float, float]]) -> _FlagColumns:
        rows = list(columns)
        return cls(
            np.asarray([position for position, _, _ in rows], "int32"),
            _vector(zero for _, zero, _ in rows),
            _vector(one for _, _, one in rows),
        )

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, matrix: Any) -> Any:
        """Return the columns of the features' matrix at these positions."""
        return ops.take(matrix, self.positions, axis=-1)

    def standardize(self, truth: Any) -> Any:
        return ops.where(truth, self.one, self.zero)


def _vector(values: Iterable[float]) -> np.ndarray:
    return np.asarray([*values], "float32")


def _clip_smoothly(distance: Any) -> Any:
    # At this distance, the result equals the limit in float32, and the square is still
    # finite.
    distance = ops.clip(distance, -FAR, FAR)
    # The reciprocal of the root is approximated: with it, a row alone would be encoded
    # differently than among other rows.
    return distance / ops.sqrt(1.0 + ops.square(distance * (1 / SMOOTH_CLIP)))


def _factors(scales: np.ndarray) -> np.ndarray:
    """Return the reciprocals of scales, and 0 for 0.

    TensorFlow replaces a division by constants in the same way, but only in a graph.
    Multiplication rounds alike in a graph and outside of it.
    """
    with np.errstate(over="ignore", divide="ignore"):
        reciprocals = np.where(scales == 0, 0, np.float32(1) / scales)
    return np.minimum(reciprocals, np.finfo("float32").max)


def _sentinels(columns: Iterable[NumericColumn]) -> list[np.ndarray]:
    """Return the numbers that mean missing: the first of each column, then the second.

    The list is as long as the longest column needs. Other columns are filled with NaN,
    which is not equal to any number.
    """
    values = [column.missing_values for column in columns]
    return [
        _vector(own[rank] if rank < len(own) else np.nan for own in values)
        for rank in range(max(map(len, values), default=0))
    ]
