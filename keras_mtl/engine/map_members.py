"""Mapping of a function of one member over many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

__all__ = ["map_members", "unrolled_map"]


def map_members(function: Callable[[Any], Any], arguments: Any) -> Any:
    """Map a function like `tf.vectorized_map`; for one member, without vectorizing.

    Vectorizing a function takes longer than tracing it.

    Args:
        function: A function from one member's arguments to its results.
        arguments: Nested tensors of shape (K, ...), or None.

    Returns:
        The nested results, of shape (K, ...).

    Example:

    >>> pair = (tf.range(3), None, tf.range(3))
    >>> map_members(lambda own: own[0] * own[2], pair).numpy()
    array([0, 1, 4], dtype=int32)
    """
    flat = tf.nest.flatten(arguments)
    tensors = [each for each in flat if each is not None]
    if tensors[0].shape[0] == 1:
        return unrolled_map(function, arguments)

    def restored(tensors: list[tf.Tensor]) -> Any:
        rest = iter(tensors)
        own = [None if each is None else next(rest) for each in flat]
        return function(tf.nest.pack_sequence_as(arguments, own))

    return tf.vectorized_map(restored, tensors)


def unrolled_map(function: Callable[[Any], Any], arguments: Any) -> Any:
    """Map a function like `tf.vectorized_map`, with one call per member.

    A function mapped this way may exchange numbers between processes.

    Example:

    >>> unrolled_map(lambda pair: pair[0] * pair[1], (tf.range(3), tf.range(3))).numpy()
    array([0, 1, 4], dtype=int32)
    """
    flat = tf.nest.flatten(arguments)
    members = next(each for each in flat if each is not None).shape[0]
    parts = [[None] * members if each is None else tf.unstack(each) for each in flat]
    results = [
        function(tf.nest.pack_sequence_as(arguments, list(own)))
        for own in zip(*parts, strict=True)
    ]
    return tf.nest.map_structure(
        lambda *values: None if values[0] is None else tf.stack(values), *results
    )
