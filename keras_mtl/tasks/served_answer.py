"""A task's outputs for a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["ServedAnswer", "repeat_names"]


@dataclass(frozen=True)
class ServedAnswer:
    """Predictions of one task for N rows, as tensors of the served graph.

    Attributes:
        outputs: The outputs of a predict request, by name. The first axis of each has N
            rows. The names begin with the name of the task.
        classes: The names of the classes for a classify request, strings of shape (N,
            C).
        scores: The probabilities of the classes, float32 of shape (N, C).
        value: The number that a regress request returns, float32 of shape (N,).
    """

    outputs: dict[str, tf.Tensor]
    classes: tf.Tensor | None = None
    scores: tf.Tensor | None = None
    value: tf.Tensor | None = None


def repeat_names(names: tuple[str, ...], outputs: tf.Tensor) -> tf.Tensor:
    """Repeat the names of classes for each row, of shape (N, names)."""
    import tensorflow as tf

    return tf.tile(tf.constant([names]), [tf.shape(outputs)[0], 1])
