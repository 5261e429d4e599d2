"""Loops that end as early as possible, or after a fixed number of iterations."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

from keras import ops

__all__ = ["bounded_loop", "fixed_loops"]

_fixed = contextvars.ContextVar("fixed_loops", default=False)


@contextlib.contextmanager
def fixed_loops() -> Iterator[None]:
    """Fix the number of iterations of the solvers' loops in this context.

    XLA cannot compile a loop whose end depends on the data after `tf.vectorized_map`
    has mapped it over members. Trace such functions inside this context. Outside of it,
    the solvers stop as soon as they have converged.

    Example:

    >>> import numpy as np
    >>> import tensorflow as tf
    >>> import keras_mtl.weighting
    >>> mgda = keras_mtl.weighting.get("mgda")
    >>> @tf.function(jit_compile=True)
    ... def members(gramians):
    ...     with keras_mtl.weighting.fixed_loops():
    ...         return tf.vectorized_map(lambda g: mgda(g)[0], gramians)
    >>> members(np.stack([np.eye(2), np.diag([1.0, 3.0])])).numpy()
    array([[1. , 1. ],
           [1.5, 0.5]])
    """
    token = _fixed.set(True)
    try:
        yield
    finally:
        _fixed.reset(token)


def bounded_loop(
    limit: int,
    unfinished: Callable[..., Any],
    body: Callable[..., tuple[Any, ...]],
    variables: tuple[Any, ...],
    fixed_limit: int | None = None,
) -> tuple[Any, ...]:
    """Repeat `body` while `unfinished` is true, at most `limit` times.

    Args:
        limit: The largest number of iterations.
        unfinished: A function from the loop's variables to a boolean scalar.
        body: A function from the loop's variables to their next values. It must not
            change them once the loop has converged.
        variables: The initial values.
        fixed_limit: The number of iterations inside `fixed_loops`; by default `limit`.

    Returns:
        The last values.
    """
    if _fixed.get():
        return ops.fori_loop(
            0, fixed_limit or limit, lambda _, values: tuple(body(*values)), variables
        )

    def go_on(turn: Any, *values: Any) -> Any:
        return ops.logical_and(turn < limit, unfinished(*values))

    def turn_once(turn: Any, *values: Any) -> tuple[Any, ...]:
        return (turn + 1, *body(*values))

    return tuple(ops.while_loop(go_on, turn_once, (0, *variables))[1:])
