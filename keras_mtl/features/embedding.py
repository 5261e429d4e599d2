"""Trained embeddings of features, before the first shared layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Embedding"]


@dataclass(frozen=True)
class Embedding:
    """A trained function of a feature's first encoded column.

    The encoder has no weights. A feature declares an embedding to get some, and the
    network gets one layer per kind of embedding: see
    `keras_mtl.architectures.input_embeddings`.

    Attributes:
        kind: `"ple"` for a piecewise linear function of a number, `"pbld"` for a
            periodic function, `"index"` for a vector in place of an index.
        quantiles: The edges of a piecewise linear function: quantiles of training rows,
            in the unit of the raw column.
        indices: The number of indices.
    """

    kind: Literal["ple", "pbld", "index"]
    quantiles: tuple[float, ...] = ()
    indices: int = 0
