"""Periodic embeddings of numbers (Holzmueller et al. 2024)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_mtl.layers._column_embedding import ColumnEmbedding

__all__ = ["PeriodicEmbedding"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class PeriodicEmbedding(ColumnEmbedding):
    """Layer that appends a trained combination of waves for some columns.

    For a number x, the combination is `W2 cos(2 pi w x + b1) + b2`. x keeps its
    position. This is the embedding of RealMLP (periodic bias linear DenseNet, PBLD;
    Holzmüller et al. 2024). The initial frequencies `w` are drawn from a normal
    distribution with mean 0, and the initial phases `b1` from a uniform distribution.

    Args:
        columns: The positions of the numbers.
        size: The number of columns that each embedding adds.
        frequencies: The number of waves per number.
        sigma: The standard deviation of the initial frequencies.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A tensor of shape (N, columns).

    Call returns:
        A tensor of shape (N, columns + numbers * size): the inputs, followed by the
        embeddings of the numbers, in order.

    Example:

    >>> layer = PeriodicEmbedding([0, 2])
    >>> rows = ops.convert_to_tensor([[0.5, 1.0, -1.0]])
    >>> tuple(layer(rows).shape)
    (1, 9)
    """

    def __init__(
        self,
        columns: Sequence[int],
        size: int = 3,
        frequencies: int = 16,
        sigma: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(columns, size, **kwargs)
        self.frequencies = int(frequencies)
        self.sigma = float(sigma)
        if self.frequencies < 1 or not 0 < self.sigma < math.inf:
            raise ValueError(
                "Invalid value received for `frequencies` and `sigma`. Expected a "
                "number of 1 or more and a finite number above 0. Received: "
                f"{frequencies} and {sigma}"
            )

    def build(self, input_shape):
        count, waves = len(self.columns), self.frequencies
        initializers = keras.initializers
        limit = 1 / math.sqrt(waves)
        # One axis, like all variables without weight decay.
        self.frequency = self.add_weight(
            name="frequency",
            shape=(count * waves,),
            initializer=initializers.RandomNormal(stddev=self.sigma),
        )
        self.phase = self.add_weight(
            name="phase",
            shape=(count * waves,),
            initializer=initializers.RandomUniform(-math.pi, math.pi),
        )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(count, waves, self.size),
            initializer=initializers.RandomUniform(-limit, limit),
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(count * self.size,),
            initializer=initializers.RandomUniform(-limit, limit),
        )
        self.built = True

    def embed(self, numbers):
        count, waves = len(self.columns), self.frequencies
        frequency = ops.reshape(self.frequency, (count, waves))
        phase = ops.reshape(self.phase, (count, waves))
        angles = 2 * math.pi * frequency * ops.expand_dims(numbers, -1) + phase
        mixed = ops.einsum("ncw,cws->ncs", ops.cos(angles), self.kernel)
        return mixed + ops.reshape(self.bias, (count, self.size))

    def get_config(self):
        return {
            **super().get_config(),
            "frequencies": self.frequencies,
            "sigma": self.sigma,
        }
