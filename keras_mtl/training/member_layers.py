"""Layers that stand for Keras's own where many members train together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import keras
from keras import ops

__all__ = ["PresentRowsNormalization", "VariableRateDropout", "present_rows"]

_PRESENT: ContextVar[Any] = ContextVar("present_rows", default=None)


@contextlib.contextmanager
def present_rows(present: Any) -> Iterator[None]:
    """Tells the normalisations called inside which rows of the batch are there.

    Args:
        present: Booleans of shape (N,), or None for all.
    """
    token = _PRESENT.set(present)
    try:
        yield
    finally:
        _PRESENT.reset(token)


@keras.saving.register_keras_serializable(package="keras_mtl")
class PresentRowsNormalization(keras.layers.BatchNormalization):
    """A batch normalisation of the rows that are there.

    Batches of one compiled program have one size. One that has fewer rows is
    filled up, and mean and variance must not see what fills it: `present_rows`
    says which rows are real. Without it, it is Keras's own layer.
    """

    def call(self, inputs, training=None, mask=None):
        present = _PRESENT.get()
        if present is not None:
            shape = [-1] + [1] * (len(inputs.shape) - 2)
            rows = ops.broadcast_to(ops.reshape(present, shape), ops.shape(inputs)[:-1])
            mask = rows if mask is None else ops.logical_and(rows, mask)
        return super().call(inputs, training=training, mask=mask)


@keras.saving.register_keras_serializable(package="keras_mtl")
class VariableRateDropout(keras.layers.Layer):
    """A dropout whose rate is a variable, so that each member can have its own.

    Given the same state of its seed generator it drops what Keras's own layer
    drops. All members may share the noise, as each compares it with its rate.

    Args:
        rate: See `keras.layers.Dropout`; the variable's first value. Where it
            is 0 there is neither noise nor a variable to set.
        noise_shape: See `keras.layers.Dropout`.
        seed: See `keras.layers.Dropout`.
        **kwargs: See `keras.layers.Layer`.
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed
        self.supports_masking = True
        self.own_rate = None
        if rate > 0:
            self.seed_generator = keras.random.SeedGenerator(seed)
            self.own_rate = self.add_weight(
                shape=(),
                initializer=keras.initializers.Constant(rate),
                trainable=False,
                name="own_rate",
            )

    def call(self, inputs, training=False):
        if not training or self.own_rate is None:
            return inputs
        shape = [
            size if given is None else given
            for size, given in zip(
                ops.shape(inputs),
                self.noise_shape or [None] * len(inputs.shape),
                strict=True,
            )
        ]
        noise = keras.random.uniform(
            shape, dtype=inputs.dtype, seed=self.seed_generator
        )
        rate = ops.cast(self.own_rate, inputs.dtype)
        scale = ops.where(noise >= rate, 1 / (1 - rate), ops.zeros_like(rate))
        return inputs * scale

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }
