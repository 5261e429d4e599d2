"""The rows for measurements of the training of the article's network."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    "WIDTH",
    "Rows",
    "joined_rows",
    "make_rows",
    "training_rows",
    "validation_rows",
]

WIDTH = 12


class Rows(NamedTuple):
    """Rows of two tasks.

    Attributes:
        inputs: The inputs, float32 of shape (N, columns).
        labels: The labels by task name, float32 of shape (N,): `thal` from 0 to 2,
            `heart` 0 or 1.
    """

    inputs: np.ndarray
    labels: dict[str, np.ndarray]


def training_rows() -> Rows:
    """Return 736 rows, as many as the training rows of `fit`."""
    return make_rows(736, seed=0)


def validation_rows() -> Rows:
    """Return 184 rows, as many as `fit` holds out."""
    return make_rows(184, seed=1)


def joined_rows(*parts: Rows) -> Rows:
    """Join the rows of several tables, in order."""
    return Rows(
        np.concatenate([part.inputs for part in parts]),
        {
            name: np.concatenate([part.labels[name] for part in parts])
            for name in parts[0].labels
        },
    )


def make_rows(count: int, seed: int, width: int = WIDTH) -> Rows:
    """Draw rows whose labels depend on the first two columns, with noise."""
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(count, width)).astype("float32")
    thal = np.digitize(inputs[:, 0] + generator.normal(size=count), [-0.5, 0.5])
    heart = inputs[:, 0] + inputs[:, 1] + generator.normal(size=count) > 0
    return Rows(
        inputs, {"thal": thal.astype("float32"), "heart": heart.astype("float32")}
    )
