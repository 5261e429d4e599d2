"""The layer of a feature that is a word."""

import keras
import numpy as np
from keras import ops

__all__ = ["WordEncoding"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class WordEncoding(keras.layers.Layer):
    """Looks a word up and answers with its row of a table.

    Args:
        vocabulary: The words. The empty word means missing.
        table: The encoding of an unknown word, then of each word in turn: a
            list of rows of equal length.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: Strings of shape (N,).

    Returns:
        float32 of shape (N, columns).

    Example:

    >>> import tensorflow as tf
    >>> layer = WordEncoding(["no", "yes"], [[0.5], [0.0], [1.0]])
    >>> layer(tf.constant(["yes", "no", "perhaps"])).numpy().tolist()
    [[1.0], [0.0], [0.5]]
    """

    def __init__(self, vocabulary, table, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(trainable=False, **kwargs)
        self.vocabulary = list(vocabulary)
        self.table = [list(row) for row in table]
        if len(self.table) != len(self.vocabulary) + 1:
            raise ValueError(
                "Invalid value received for argument `table`. Expected one row "
                f"for an unknown word and one for each of the {len(self.vocabulary)} "
                f"words. Received: {len(self.table)} rows."
            )
        self.lookup = keras.layers.StringLookup(
            vocabulary=self.vocabulary, num_oov_indices=1, name="lookup"
        )
        # TensorFlow hashes strings on the host alone.
        self.supports_jit = False

    def build(self, input_shape):
        self.lookup.build(input_shape)

    def call(self, inputs):
        table = np.asarray(self.table, "float32")
        return ops.take(ops.convert_to_tensor(table), self.lookup(inputs), axis=0)

    def compute_output_shape(self, input_shape):
        return (*input_shape, len(self.table[0]))

    def compute_output_spec(self, inputs):
        # The inputs' dtype is string, which the layer's own dtype is not.
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), "float32")

    def get_config(self):
        config = super().get_config()
        del config["trainable"]
        return {**config, "vocabulary": self.vocabulary, "table": self.table}
