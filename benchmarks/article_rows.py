"""The rows that the training of the article's network is measured on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Rows", "training_rows", "validation_rows"]

WIDTH = 12


class Rows(NamedTuple):
    """Rows as large as the heart data.

    Attributes:
        inputs: (N, 12) float32.
        labels: By task name, (N,) float32: `thal` 0 to 2, `heart` 0 or 1.
    """

    inputs: np.ndarray
    labels: dict[str, np.ndarray]


def training_rows() -> Rows:
    """Returns 736 rows, as `fit` trains on."""
    return _rows(736, seed=0)


def validation_rows() -> Rows:
    """Returns 184 rows, as `fit` holds out."""
    return _rows(184, seed=1)


def _rows(count: int, seed: int) -> Rows:
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(count, WIDTH)).astype("float32")
    thal = np.digitize(inputs[:, 0] + generator.normal(size=count), [-0.5, 0.5])
    heart = inputs[:, 0] + inputs[:, 1] + generator.normal(size=count) > 0
    return Rows(
        inputs, {"thal": thal.astype("float32"), "heart": heart.astype("float32")}
    )
