"""Piecewise linear embeddings of numbers (Gorishniy et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.layers._column_embedding import ColumnEmbedding

__all__ = ["PiecewiseEmbedding"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class PiecewiseEmbedding(ColumnEmbedding):
    """Layer that appends a trained piecewise linear function of some columns.

    The piecewise linear encoding (PLE) of a number x has one value per bin: the share
    of the bin that is below x, which is 0 if x is below the bin and 1 if x is above it.
    Each number has its own kernel, from this encoding to `size` columns. The initial
    kernels are 0, as in version B of the embedding (Gorishniy et al. 2025, "TabM"). The
    numbers keep their positions, as the linear part. A network therefore starts as a
    function of the numbers only, and learns bends where they help.

    Unlike in the paper, the first and the last bin end at the range of the numbers:
    except for its linear part, a number far outside is treated as the nearest end of
    the range.

    Args:
        columns: The positions of the numbers.
        edges: The edges of the bins of each number, in ascending order, for example
            quantiles of training rows. Each number needs at least two edges.
        size: The number of columns that each embedding adds.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A tensor of shape (N, columns).

    Call returns:
        A tensor of shape (N, columns + numbers * size): the inputs, followed by the
        embeddings of the numbers, in order.

    Example:

    >>> layer = PiecewiseEmbedding([1], edges=[[0.0, 1.0, 3.0]], size=1)
    >>> rows = ops.convert_to_tensor([[7.0, 0.5], [7.0, 2.0], [7.0, 9.0]])
    >>> layer(rows).numpy().tolist()
    [[7.0, 0.5, 0.0], [7.0, 2.0, 0.0], [7.0, 9.0, 0.0]]
    >>> _ = layer.kernel.assign([[[1.0], [10.0]]])
    >>> layer(rows).numpy()[:, 2].tolist()
    [0.5, 6.0, 11.0]
    """

    def __init__(
        self,
        columns: Sequence[int],
        edges: Sequence[Sequence[float]],
        size: int = 8,
        **kwargs: Any,
    ) -> None:
        super().__init__(columns, size, **kwargs)
        self.edges = [[float(edge) for edge in own] for own in edges]
        ascends = all(len(own) > 1 and np.all(np.diff(own) > 0) for own in self.edges)
        if len(self.edges) != len(self.columns) or not ascends:
            raise ValueError(
                "Invalid value received for argument `edges`. Expected two or more "
                f"ascending edges for each of {len(self.columns)} columns. Received: "
                f"{self.edges}"
            )
        bins = max(map(len, self.edges)) - 1
        # A number with fewer bins gets further bins that no value reaches.
        starts = np.full((len(self.edges), bins), np.finfo("float32").max)
        factors = np.zeros_like(starts)
        for row, own in enumerate(self.edges):
            starts[row, : len(own) - 1] = own[:-1]
            factors[row, : len(own) - 1] = 1 / np.diff(own)
        self._starts = starts.astype("float32")
        self._factors = factors.astype("float32")

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=(*self._starts.shape, self.size), initializer="zeros"
        )
        self.built = True

    def embed(self, numbers):
        above = ops.expand_dims(numbers, -1) - self._starts
        shares = ops.clip(above * self._factors, 0.0, 1.0)
        return ops.einsum("ncb,cbs->ncs", shares, self.kernel)

    def get_config(self):
        return {**super().get_config(), "edges": self.edges}
