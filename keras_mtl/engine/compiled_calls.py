"""Calls of a compiled function with little overhead in Python."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any

__all__ = ["CompiledCalls"]

# Layers change their own state while they are traced, so one trace runs at a time.
TRACING = threading.Lock()


class CompiledCalls:
    """A `tf.function` that is called many times with nearly the same arguments.

    `tf.function` finds the program for a call by the shapes of all tensors, which takes
    as long as several steps of a small network. This class compares the arguments that
    stay the same by identity, and the others by a key.

    Args:
        function: A `tf.function`.

    Example:

    >>> import tensorflow as tf
    >>> total = CompiledCalls(tf.function(lambda rows, index: {"sum": rows[index]}))
    >>> rows = tf.constant([3, 4])
    >>> [int(total((rows, tf.constant(i)), (rows,), ())["sum"]) for i in range(2)]
    [3, 4]
    """

    def __init__(self, function: Any) -> None:
        self._function = function
        self._fixed: tuple[Any, ...] = ()
        self._by_key: dict[Hashable, Any] = {}

    def __call__(
        self, arguments: tuple[Any, ...], fixed: tuple[Any, ...], key: Hashable
    ) -> Any:
        """Call the function.

        Args:
            arguments: The arguments: nested tensors, or numbers that are in `key`.
            fixed: The arguments whose identity selects the program.
            key: The key that distinguishes calls with the same fixed arguments: the
                shapes of all other tensors, and all numbers.
        """
        same = len(fixed) == len(self._fixed) and all(
            new is old for new, old in zip(fixed, self._fixed, strict=True)
        )
        if not same:
            self._fixed, self._by_key = fixed, {}
        if key not in self._by_key:
            with TRACING:
                self._by_key[key] = self._function.get_concrete_function(*arguments)
        return self._by_key[key](*arguments)

    def release(self) -> None:
        """Release the arguments of the last call."""
        self._fixed, self._by_key = (), {}
