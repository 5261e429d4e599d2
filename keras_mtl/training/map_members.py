"""Mapping a function of one member over many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

__all__ = ["map_members", "unrolled_map"]


def map_members(function: Callable[[Any], Any], arguments: Any) -> Any:
    """Does what `tf.vectorized_map` does; where there is one member, at once.

    To vectorise a function takes longer than to trace it.

    Args:
        function: From one member's arguments to its results.
        arguments: Nested tensors of shape (K, ...).

    Returns:
        The nested results, of shape (K, ...).

    Example:

    >>> map_members(lambda pair: pair[0] * pair[1], (tf.range(3), tf.range(3))).numpy()
    array([0, 1, 4], dtype=int32)
    """
    if tf.nest.flatten(arguments)[0].shape[0] == 1:
        return unrolled_map(function, arguments)
    return tf.vectorized_map(function, arguments)


def unrolled_map(function: Callable[[Any], Any], arguments: Any) -> Any:
    """Does what `tf.vectorized_map` does, one call a member.

    In a function that is mapped so, processes can exchange numbers.

    Example:

    >>> unrolled_map(lambda pair: pair[0] * pair[1], (tf.range(3), tf.range(3))).numpy()
    array([0, 1, 4], dtype=int32)
    """
    parts = [tf.unstack(value) for value in tf.nest.flatten(arguments)]
    results = [
        function(tf.nest.pack_sequence_as(arguments, own))
        for own in zip(*parts, strict=True)
    ]
    return tf.nest.map_structure(
        lambda *values: None if values[0] is None else tf.stack(values), *results
    )
