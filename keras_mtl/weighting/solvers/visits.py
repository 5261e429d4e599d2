"""The loop of the methods that compare each gradient with the others in turn."""

from collections.abc import Callable
from typing import Any

from keras import ops

__all__ = ["visit_others"]


def visit_others(
    gramian: Any, numbers: Any, meet: Callable[..., tuple[Any, Any]], kept: Any
) -> tuple[Any, Any]:
    """Compare each task's gradient with the others in a random order per task.

    All T tasks make their next comparison together, so the loop has T iterations of T
    by T numbers, and not T^2 iterations.

    Args:
        gramian: The Gramian, (T, T), zero for dropped tasks.
        numbers: Random numbers, (T, T); row i orders the comparisons of task i.
        meet: A function of the other task of each task, as one-hot rows, (T, T), of the
            inner products with the other gradients, (T,), of the lengths of the changed
            gradients, (T,), of the lengths of the other gradients, (T,), and of `kept`.
            It returns the multiples of the other gradients to add, (T,), and the new
            `kept`.
        kept: The state of `meet` between comparisons.

    Returns:
        The coefficients of the changed gradients, (T, T), with one row per task, in
        terms of the original gradients; and the last `kept`.
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
        # No task is compared with itself or with a dropped task.
        other = other * (1.0 - itself) * ops.cast(norms > 0, gramian.dtype)
        change, kept = meet(other, product, length, ops.take(norms, met), kept)
        change = change * ops.sum(other, axis=1)
        coefficients = coefficients + change[:, None] * other
        products = products + change[:, None] * ops.take(gramian, met, axis=0)
        return coefficients, products, kept

    coefficients, _, kept = ops.fori_loop(0, size, body, (itself, gramian, kept))
    return coefficients, kept
