"""Tensors that are known to be the parts of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

__all__ = ["common_whole", "part"]


def part(whole: tf.Tensor) -> list[tf.Tensor]:
    """Parts a tensor along its second axis.

    Each part remembers the whole, so that what is computed for all of them need
    not put them together again: for the labels of 256 tasks that takes longer
    than to compute their losses.
    """
    parts: list[tf.Tensor] = tf.unstack(whole, axis=1)
    for place, each in enumerate(parts):
        each._part_of = (whole, place)
    return parts


def common_whole(
    values: Mapping[str, Any], names: Sequence[str]
) -> tuple[tf.Tensor, list[int]] | None:
    """Returns the tensor that several values are parts of, and their places.

    Args:
        values: By name, tensors.
        names: Some of the names; a value may be absent.

    Returns:
        The tensor, (N, parts, ...), and for each name its place on the second
        axis; None if they are not all parts of one.

    Example:

    >>> left, right = part(tf.eye(2))
    >>> whole, places = common_whole({"a": right, "b": left}, ["a", "b"])
    >>> whole.shape, places
    (TensorShape([2, 2]), [1, 0])
    """
    found = [getattr(values.get(name), "_part_of", None) for name in names]
    whole = None if found[0] is None else found[0][0]
    if whole is None or any(each is None or each[0] is not whole for each in found):
        return None
    return whole, [each[1] for each in found if each is not None]
