"""The base class of layers that encode all features of a kind."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["BlockEncoding", "are_codes"]


class BlockEncoding(keras.layers.Layer):
    """A layer without weights, from a list of inputs to one float32 matrix.

    A subclass writes `call` and `compute_output_shape`.

    Args:
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A list of one tensor of shape (N,) per feature; or, for a kind that
        reads texts, the numbers of `Feature.text_codes`, int64 of shape (N, width).

    Call returns:
        float32 of shape (N, columns).
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(trainable=False, **kwargs)

    def compute_output_spec(self, inputs):
        # The inputs may be strings, unlike the output.
        shape = self.compute_output_shape([tensor.shape[:1] for tensor in inputs])
        return keras.KerasTensor(shape, "float32")

    def get_config(self):
        config = super().get_config()
        # `trainable` is not an argument of the constructor.
        del config["trainable"]
        return config


def are_codes(inputs: list[Any]) -> bool:
    """Return whether a layer's inputs are the numbers of texts, and not the texts."""
    return keras.backend.standardize_dtype(inputs[0].dtype) != "string"
