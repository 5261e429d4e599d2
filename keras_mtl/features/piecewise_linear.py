"""Piecewise linear functions of a matrix's columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["PiecewiseLinear"]


class PiecewiseLinear:
    """A piecewise linear function of each column, given by its knots.

    At a knot, the result is exactly the knot's value. All columns share one lookup: a
    binary search finds the position of a number among its knots, with one gather per
    binary digit of the number of knots. XLA, TensorFlow Serving and ONNX compute the
    same result.

    Args:
        knots: The knots of each column, ascending and finite in float32.
        values: The values at the knots of each column.
        extends: Whether the first and the last line continue outside of the knots. By
            default, the function is constant there.

    Call arguments:
        numbers: float32 of shape (..., columns), without NaN.

    Returns:
        float32 of the same shape.

    Example:

    >>> line = PiecewiseLinear([(0.0, 10.0)], [(0.0, 1.0)])
    >>> numbers = np.array([[-5.0], [2.5], [10.0], [99.0]], "float32")
    >>> line.of_array(numbers).tolist()
    [[0.0], [0.25], [1.0], [1.0]]
    """

    def __init__(
        self,
        knots: Sequence[Sequence[float]],
        values: Sequence[Sequence[float]],
        extends: bool = False,
    ) -> None:
        most = max(map(len, knots), default=1)
        # An infinite knot ends each column, so every number is below the last knot.
        self._halvings = int(most).bit_length()
        width = 2**self._halvings
        shape = (len(knots), width)
        rising = np.full(shape, np.inf, "float32")
        start, value, slope = (np.zeros(shape, "float32") for _ in range(3))
        for column, (own, given) in enumerate(zip(knots, values, strict=True)):
            x, y = np.asarray(own, "float32"), np.asarray(given, "float32")
            rising[column, : len(x)] = x
            # The line at a position starts at the knot before the position.
            start[column, 1 : len(x) + 1] = x
            value[column, 1 : len(x) + 1] = y
            start[column, 0], value[column, 0] = x[0], y[0]
            slopes = _slopes(x, y)
            slope[column, 1 : len(x)] = slopes
            if extends and len(slopes):
                slope[column, [0, len(x)]] = slopes[[0, -1]]
        self._rising, self._start = rising.ravel(), start.ravel()
        self._value, self._slope = value.ravel(), slope.ravel()
        self._width = width
        self._base = (np.arange(len(knots)) * width).astype("int32")
        largest = np.full(len(knots), np.finfo("float32").max)
        self._low, self._high = -largest, largest
        if not extends:
            self._low = np.asarray([np.min(own) for own in values], "float32")
            self._high = np.asarray([np.max(own) for own in values], "float32")

    def __call__(self, numbers: Any) -> Any:
        from keras import ops

        place = ops.zeros_like(numbers, dtype="int32") + self._base
        step = self._width // 2
        while step:
            reached = ops.greater_equal(
                numbers, ops.take(self._rising, place + (step - 1))
            )
            place = place + step * ops.cast(reached, "int32")
            step //= 2
        beyond = numbers - ops.take(self._start, place)
        line = ops.take(self._value, place) + ops.take(self._slope, place) * beyond
        # A slope that is too large for float32 would exceed the next knot's value.
        return ops.clip(line, self._low, self._high)

    def of_array(self, numbers: np.ndarray) -> np.ndarray:
        """Compute the function for a NumPy array, without Keras.

        Args:
            numbers: An array of shape (..., columns); NaN stays NaN.
        """
        numbers = np.asarray(numbers, "float32")
        place = np.zeros(numbers.shape, "int32") + self._base
        step = self._width // 2
        while step:
            reached = numbers >= self._rising[place + (step - 1)]
            place += step * reached.astype("int32")
            step //= 2
        with np.errstate(over="ignore"):
            line = self._value[place] + self._slope[place] * (
                numbers - self._start[place]
            )
        clipped: np.ndarray = np.clip(line, self._low, self._high)
        return clipped


def _slopes(knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    largest = float(np.finfo("float32").max)
    rise = np.diff(values.astype("float64")) / np.diff(knots.astype("float64"))
    return np.clip(rise, -largest, largest)
