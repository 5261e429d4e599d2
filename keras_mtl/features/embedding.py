"""Trained embeddings of features, before the first shared layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Embedding"]


@dataclass(frozen=True)
class Embedding:
    """A trained function of the first of a feature's encoded columns.

    The encoder has no weights. A feature that wants some says so here, and the
    network gets a layer for all features of each kind: see
    `keras_mtl.architectures.input_embeddings`.

    Attributes:
        kind: `"ple"` for a piecewise linear function of a number, `"pbld"` for a
            periodic one, `"index"` for a vector in place of an index.
        quantiles: Of training rows, in the unit of the raw column: the edges of a
            piecewise linear function.
        indices: The number of indices.
    """

    kind: Literal["ple", "pbld", "index"]
    quantiles: tuple[float, ...] = ()
    indices: int = 0
