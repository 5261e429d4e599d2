"""Reshaping of probabilities that keeps their logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["map_with_logits"]


def map_with_logits(function: Callable[[Any], Any], tensor: Any) -> Any:
    """Apply a function that only moves or selects entries.

    Keras's sigmoid and softmax store their input as an attribute of the returned
    tensor. Keras's cross-entropies read these logits. With logits, they are exact and
    have a gradient even if probabilities round to 0 or 1. Any operation between the two
    drops the attribute, which is private to Keras. No other code here uses it.

    Args:
        function: A function of a tensor, for example a slice.
        tensor: The tensor.

    Example:

    >>> import keras
    >>> probabilities = keras.activations.sigmoid(keras.ops.array([[99.0], [0.0]]))
    >>> first = map_with_logits(lambda rows: rows[:1], probabilities)
    >>> float(keras.losses.binary_crossentropy([[0.0]], first)[0])
    99.0
    """
    result = function(tensor)
    logits = getattr(tensor, "_keras_logits", None)
    if logits is not None and result is not tensor:
        result._keras_logits = function(logits)
    return result
