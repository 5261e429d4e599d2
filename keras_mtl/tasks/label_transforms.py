"""Scales for learning the labels of regressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from keras_mtl.features.normal_scores import normal_scores
from keras_mtl.features.piecewise_linear import PiecewiseLinear

__all__ = [
    "LabelScale",
    "LabelTransform",
    "choose_transform",
    "learn_label_scale",
]

LabelTransform = Literal["none", "log", "quantile", "auto"]

# The number of knots. Lines between them approximate the logarithm of labels over ten
# powers of e with an error of 1e-5.
KNOTS = 1000
# For a smaller skewness, a transform is not worth its bias: predictions would be close
# to the median and not to the mean.
SKEWED = 1.0
# The logarithm is chosen if at most this share of the skewness remains.
LEFT = 0.5


@dataclass(frozen=True)
class LabelScale:
    """A piecewise linear scale from labels to standard numbers, and back.

    The first and the last line continue outside of the knots. Both directions are
    therefore inverse to each other everywhere, and predictions above the largest label
    grow linearly with any transform.

    Attributes:
        labels: The knots, in ascending order. The first and the last knot are one
            standard number outside of the training labels.
        values: The standard numbers of the knots, in ascending order.

    Example:

    >>> scale = LabelScale((1.0, 10.0, 100.0), (-1.0, 0.0, 1.0))
    >>> scale.to_standard(np.array([1.0, 55.0, 190.0])).tolist()
    [-1.0, 0.5, 2.0]
    >>> scale.to_labels(np.array([-1.0, 0.5, 2.0])).tolist()
    [1.0, 55.0, 190.0]
    """

    labels: tuple[float, ...]
    values: tuple[float, ...]

    @cached_property
    def forward(self) -> PiecewiseLinear:
        """The function from labels to standard numbers, for tensors (..., 1)."""
        return PiecewiseLinear([self.labels], [self.values], extends=True)

    @cached_property
    def backward(self) -> PiecewiseLinear:
        """The function from standard numbers to labels, for tensors (..., 1)."""
        return PiecewiseLinear([self.values], [self.labels], extends=True)

    def to_standard(self, labels: np.ndarray) -> np.ndarray:
        """Convert an array of labels to standard numbers; NaN stays NaN."""
        return self.forward.of_array(np.asarray(labels)[..., None])[..., 0]

    def to_labels(self, values: np.ndarray) -> np.ndarray:
        """Convert an array of standard numbers to labels."""
        return self.backward.of_array(np.asarray(values)[..., None])[..., 0]


def choose_transform(labels: np.ndarray) -> Literal["none", "log", "quantile"]:
    """Choose a transform by the skewness of training labels.

    The choice is `"none"` if the absolute skewness is at most 1, or fewer than 20
    labels are distinct. Otherwise it is `"log"` if no label is negative and the
    skewness of the logarithms is at most half as large, and `"quantile"` if not.

    Args:
        labels: The training labels, (N,); NaN is missing.

    Example:

    >>> normal = np.random.default_rng(0).normal(size=1000)
    >>> choose_transform(normal), choose_transform(np.exp(normal))
    ('none', 'log')
    >>> choose_transform(np.exp(normal) - 1)
    'quantile'
    """
    known = labels[np.isfinite(labels)].astype("float64")
    if len(np.unique(known)) < 20:
        return "none"
    skewness = abs(_skewness(known))
    if skewness <= SKEWED:
        return "none"
    if known.min() >= 0 and abs(_skewness(_logarithms(known))) <= LEFT * skewness:
        return "log"
    return "quantile"


def learn_label_scale(
    transform: Literal["log", "quantile"], labels: np.ndarray
) -> LabelScale | None:
    """Learn the scale of a transform from training labels.

    Args:
        transform: `"log"`: log(label), or log(label + c) if a label is 0, with c the 5%
            quantile of the nonzero labels. `"quantile"`: the normal quantile of the
            share of smaller labels; see `normal_scores`.
        labels: The training labels, (N,); NaN is missing.

    Returns:
        A scale with mean 0 and standard deviation 1; None if all labels are equal.

    Raises:
        ValueError: If a label is negative and the transform is the logarithm.

    Example:

    >>> scale = learn_label_scale("log", np.array([1.0, 10.0, 100.0]))
    >>> [f"{each:.3f}" for each in scale.to_standard(np.array([1.0, 100.0]))]
    ['-1.225', '1.225']
    """
    known = labels[np.isfinite(labels)].astype("float64")
    if len(np.unique(known)) < 2:
        return None
    if transform == "quantile":
        learned = normal_scores(known, KNOTS)
        return _rising(np.array(learned.quantiles), np.array(learned.scores))
    if known.min() < 0:
        raise ValueError(
            "Invalid value received for argument `labels`. Expected labels of 0 or "
            f"more, as their logarithm is taken. Received: {known.min():g}"
        )
    logarithms = _logarithms(known)
    mean, scale = logarithms.mean(), logarithms.std()
    offset = _offset(known)
    steps = np.linspace(logarithms.min(), logarithms.max(), KNOTS)
    knots = np.exp(steps) - offset
    knots[0], knots[-1] = known.min(), known.max()
    return _rising(knots, (np.log(knots + offset) - mean) / scale)


def _logarithms(known: np.ndarray) -> np.ndarray:
    return np.log(known + _offset(known))


def _offset(known: np.ndarray) -> float:
    """Return the number to add before the logarithm, so that 0 has a logarithm."""
    if known.min() > 0:
        return 0.0
    return float(np.quantile(known[known > 0], 0.05))


def _rising(labels: np.ndarray, values: np.ndarray) -> LabelScale | None:
    """Leave out knots that are equal to the knot before in float32."""
    x, y = labels.astype("float32"), values.astype("float32")
    kept = [0]
    for index in range(1, len(x)):
        if x[index] > x[kept[-1]] and y[index] > y[kept[-1]]:
            kept.append(index)
    if len(kept) < 2:
        return None
    x, y = x[kept], y[kept]
    before, after = (_margin(x, y, place) for place in (0, -1))
    return LabelScale(
        _shortest([x[0] - before, *x, x[-1] + after]),
        _shortest([y[0] - 1, *y, y[-1] + 1]),
    )


def _margin(labels: np.ndarray, values: np.ndarray, place: int) -> float:
    """Return the length of one standard number outside of the labels.

    This is the length at the edge, limited by the mean length over all labels, and at
    least a hundredth of the mean length, if two labels at the edge are almost equal.
    """
    overall = float(labels[-1] - labels[0]) / float(values[-1] - values[0])
    slopes = np.diff(labels.astype("float64")) / np.diff(values.astype("float64"))
    least = max(overall / 100, 8 * float(np.spacing(np.abs(labels[place]))))
    return max(min(float(slopes[place]), overall), least)


def _shortest(numbers: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(str(number)) for number in np.asarray(numbers, "float32"))


def _skewness(numbers: np.ndarray) -> float:
    distances = numbers - numbers.mean()
    spread = distances.std()
    return float(np.mean((distances / spread) ** 3)) if spread > 0 else 0.0
