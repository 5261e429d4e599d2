"""The layer of all numeric features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.features._block_encoding import BlockEncoding
from keras_mtl.features._column_order import join_in_feature_order
from keras_mtl.features._standardize import LARGEST_NUMBER, standardize_share
from keras_mtl.features.piecewise_linear import PiecewiseLinear

__all__ = ["NumericColumn", "NumericEncoding"]

# In standard deviations. A value far outside the training range is answered as
# one at this edge: finite, and not far from anything the network has seen.
CLIP = 10.0
# A robust scale ends here, without a corner.
SMOOTH_CLIP = 3.0
FAR = 1e6


@dataclass(frozen=True)
class NumericColumn:
    """Settings of one number.

    Attributes:
        mean: The training mean; the median of a robust scale.
        scale: The training standard deviation; the range between the quartiles
            of a robust scale, where 0 says that the encoded number is always 0.
        missing_values: Numbers that mean missing.
        missing_share: The share of training rows that miss the number; None
            leaves out the column that says so.
        levels: Values with a column of their own.
        level_shares: The share of training rows with each.
        encoding: `"standard"`, `"robust"` or `"quantile"`.
        quantiles: The knots of the encoding `"quantile"`, rising.
        scores: The encoded number at each of them.
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
class NumericEncoding(BlockEncoding):
    """Layer that scales numbers, each by its own settings; missing numbers become 0.

    The encoded columns of a number are the number; for each of its `levels`
    whether the number is that level; and whether it is missing. The latter are
    standardized too.

    NaN and each of `missing_values` mean missing. Infinities and extremes are
    clipped, so that no input gives an output that is not finite.

    One layer encodes any number of features by vectors of their statistics: a
    layer for each would cost a wide table far more than the arithmetic does.

    Args:
        columns: One `NumericColumn`, or a dict of its fields, per number.
        clip: The largest distance from the mean, in standard deviations.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A list of one float32 tensor of shape (N,) per number.

    Returns:
        float32 of shape (N, columns), one number's columns after the other's.

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
            (position, level, *standardize_share(share))
            for position, column in enumerate(self.columns)
            for level, share in zip(column.levels, column.level_shares, strict=True)
        ]
        self._levels = _FlagColumns.of((p, zero, one) for p, _, zero, one in levels)
        self._level_values = _vector(level for _, level, _, _ in levels)
        self._missing = _FlagColumns.of(
            (position, *standardize_share(column.missing_share))
            for position, column in enumerate(self.columns)
            if column.missing_share is not None
        )

    def call(self, inputs):
        numbers = ops.stack(inputs, axis=-1)
        missing = ops.isnan(numbers)
        # NaN and infinity go before anything else is chosen: in an ONNX file a choice
        # is a sum of products, unless it asks for NaN itself.
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
        """Return each number on the scale of its column, and 0 where missing."""
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
    """Columns of zeros and ones, each of a feature at a position.

    Attributes:
        positions: The features' positions.
        zero: What 0 becomes in each column.
        one: What 1 becomes.
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
        """Return a column of the features' matrix for each of these."""
        return ops.take(matrix, self.positions, axis=-1)

    def standardize(self, truth: Any) -> Any:
        return ops.where(truth, self.one, self.zero)


def _vector(values: Iterable[float]) -> np.ndarray:
    return np.asarray([*values], "float32")


def _clip_smoothly(distance: Any) -> Any:
    # So far out the result is the edge in float32, and the square is still finite.
    distance = ops.clip(distance, -FAR, FAR)
    # Not by the reciprocal of the root, which is approximated: a row would be
    # encoded otherwise alone than among others.
    return distance / ops.sqrt(1.0 + ops.square(distance * (1 / SMOOTH_CLIP)))


def _factors(scales: np.ndarray) -> np.ndarray:
    """Return the reciprocals, by which numbers are multiplied, and 0 for 0.

    TensorFlow makes as much of a division by constants, but not in a call outside
    of a graph, which would round otherwise.
    """
    with np.errstate(over="ignore", divide="ignore"):
        reciprocals = np.where(scales == 0, 0, np.float32(1) / scales)
    return np.minimum(reciprocals, np.finfo("float32").max)


def _sentinels(columns: Iterable[NumericColumn]) -> list[np.ndarray]:
    """Return the numbers that mean missing: the first of each column, ...

    NaN, which equals nothing, stands where a column has no more of them.
    """
    values = [column.missing_values for column in columns]
    return [
        _vector(own[rank] if rank < len(own) else np.nan for own in values)
        for rank in range(max(map(len, values), default=0))
    ]
