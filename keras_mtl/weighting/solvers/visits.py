"""The loop of the methods in which each gradient visits the others."""

from collections.abc import Callable
from typing import Any

from keras import ops

__all__ = ["visit_others"]


def visit_others(
    gramian: Any, numbers: Any, meet: Callable[..., tuple[Any, Any]], kept: Any
) -> tuple[Any, Any]:
    """Let each task's gradient meet the others' in a random order of its own.

    All T tasks take their next visit together, so that the loop has T turns
    of T by T numbers, not T^2.

    Args:
        gramian: (T, T), zero for dropped tasks.
        numbers: (T, T) random numbers; row i orders the visits of task i.
        meet: Called with the (T, T) one-hot rows of whom each task meets, the
            (T,) products with them, the (T,) lengths of the changed gradients,
            the (T,) lengths of those met, and `kept`. Returns the (T,)
            multiples of those met that are added, and the new `kept`.
        kept: What `meet` carries from visit to visit.

    Returns:
        (T, T): row i has the coefficients of the changed gradient of task i
        in the original gradients; and the last `kept`.
    """
    size = gramian.shape[0]
    order = ops.argsort(numbers, axis=1)
    norms = ops.sqrt(ops.diagonal(gramian))
    itself = ops.eye(size, dtype=gramian.dtype)

    def body(turn: Any, values: tuple[Any, ...]) -> tuple[Any, ...]:
        coefficients, products, kept = values
        met = ops.take(order, turn, axis=1)
        other = ops.one_hot(met, size, dtype=gramian.dtype)
        product = ops.sum(products * other, axis=1)
        square = ops.sum(products * coefficients, axis=1)
        length = ops.sqrt(ops.maximum(square, 0.0))
        # Nobody meets itself or a task that was dropped.
        other = other * (1.0 - itself) * ops.cast(norms > 0, gramian.dtype)
        change, kept = meet(other, product, length, ops.take(norms, met), kept)
        change = change * ops.sum(other, axis=1)
        coefficients = coefficients + change[:, None] * other
        products = products + change[:, None] * ops.take(gramian, met, axis=0)
        return coefficients, products, kept

    coefficients, _, kept = ops.fori_loop(0, size, body, (itself, gramian, kept))
    return coefficients, kept
