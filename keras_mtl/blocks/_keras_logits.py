"""Reshaping probabilities without losing their logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["map_with_logits"]


def map_with_logits(function: Callable[[Any], Any], tensor: Any) -> Any:
    """Apply a function that only moves or chooses entries.

    Keras's sigmoid and softmax leave their input on the tensor they return, and
    Keras's cross-entropies read it there: from logits they are exact where
    probabilities round to 0 or 1, and have a gradient. Any operation between the
    two drops it. This is the only place that knows of the attribute, which is
    Keras's own and private.

    Args:
        function: For example a slice.
        tensor: What it is applied to.

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
