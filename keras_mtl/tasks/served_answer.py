"""A task's answer to a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["ServedAnswer", "repeat_names"]


@dataclass(frozen=True)
class ServedAnswer:
    """One task's answer to N rows, inside the served graph.

    Attributes:
        outputs: By output name what a predict request gets, each with N rows.
            Names begin with the task's.
        classes: The names of the classes, (N, C), for a classify request.
        scores: The probabilities of the classes, float32 of shape (N, C).
        value: The number a regress request gets, float32 of shape (N,).
    """

    outputs: dict[str, tf.Tensor]
    classes: tf.Tensor | None = None
    scores: tf.Tensor | None = None
    value: tf.Tensor | None = None


def repeat_names(names: tuple[str, ...], outputs: tf.Tensor) -> tf.Tensor:
    """Repeats the names of classes for each row, of shape (N, names)."""
    import tensorflow as tf

    return tf.tile(tf.constant([names]), [tf.shape(outputs)[0], 1])
