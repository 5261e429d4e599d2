"""The states of random layers."""

from __future__ import annotations

import keras

__all__ = ["is_seed"]


def is_seed(variable: keras.Variable) -> bool:
    """Tells whether a variable is the state of a random layer.

    Example:

    >>> layer = keras.layers.Dropout(0.5)
    >>> [is_seed(variable) for variable in layer.non_trainable_variables]
    [True]
    """
    return variable.path.endswith("seed_generator_state")
