"""The layer of all hashed features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_mtl.features._block_encoding import BlockEncoding

__all__ = ["HashEncoding"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class HashEncoding(BlockEncoding):
    """Layer that maps each string to the number of its bucket.

    The hash is TensorFlow's `to_hash_bucket_fast`, which is the same on all machines
    and in all versions.

    Args:
        buckets: The number of buckets of each feature.
        missing_words: The strings that mean missing.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A list of one string tensor of shape (N,) per feature.

    Returns:
        float32 of shape (N, features): 0 if missing, otherwise from 1 to `buckets`.

    Example:

    >>> layer = HashEncoding([100], ["", "?"])
    >>> layer([tf.constant(["Elm", "?", "Elm", "Oak"])]).numpy().tolist()
    [[3.0], [0.0], [3.0], [37.0]]
    """

    def __init__(
        self, buckets: Sequence[int], missing_words: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.buckets = [int(each) for each in buckets]
        self.missing_words = list(missing_words)
        # TensorFlow hashes strings only on the host.
        self.supports_jit = False

    def call(self, inputs):
        return ops.stack(
            [
                self._bucket(words, buckets)
                for words, buckets in zip(inputs, self.buckets, strict=True)
            ],
            axis=-1,
        )

    def _bucket(self, words: Any, buckets: int) -> Any:
        missing = tf.reduce_any(words[:, None] == self.missing_words, axis=-1)
        number = tf.strings.to_hash_bucket_fast(words, buckets) + 1
        return tf.cast(tf.where(missing, tf.zeros_like(number), number), "float32")

    def compute_output_shape(self, input_shape):
        return (*input_shape[0], len(self.buckets))

    def get_config(self):
        return {
            **super().get_config(),
            "buckets": self.buckets,
            "missing_words": self.missing_words,
        }
