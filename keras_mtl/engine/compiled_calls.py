"""Calls of a compiled function with little Python."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import tensorflow as tf

__all__ = ["CompiledCalls"]


class CompiledCalls:
    """A `tf.function`, called over and over with nearly the same arguments.

    To look up by the shapes of all tensors which program serves a call, and to check
    the tensors against the signature of that program, takes `tf.function` as long as
    an epoch of a small network. Here the arguments that stay the same are compared by
    identity, and those that change by a key.

    Args:
        function: A `tf.function`.

    Example:

    >>> total = CompiledCalls(tf.function(lambda rows, index: {"sum": rows[index]}))
    >>> rows = tf.constant([3, 4])
    >>> [int(total((rows, tf.constant(i)), (rows,), ())["sum"]) for i in range(2)]
    [3, 4]
    """

    def __init__(self, function: Any) -> None:
        self._function = function
        self._fixed: tuple[Any, ...] = ()
        self._by_key: dict[Hashable, Callable[[Any], Any]] = {}

    def __call__(
        self, arguments: tuple[Any, ...], fixed: tuple[Any, ...], key: Hashable
    ) -> Any:
        """Call the function.

        Args:
            arguments: The arguments: nested tensors, or numbers that are in `key`.
            fixed: Those of them whose identity decides which program serves.
            key: What tells apart the calls with the same fixed arguments: the shapes
                of all other tensors, and all numbers.
        """
        same = len(fixed) == len(self._fixed) and all(
            new is old for new, old in zip(fixed, self._fixed, strict=True)
        )
        if not same:
            self._fixed, self._by_key = fixed, {}
        if key not in self._by_key:
            program = self._function.get_concrete_function(*arguments)
            self._by_key[key] = _direct_call(program, arguments, fixed)
        return self._by_key[key](arguments)

    def release(self) -> None:
        """Let go of the arguments of the last call."""
        self._fixed, self._by_key = (), {}


def _direct_call(
    program: Any, arguments: tuple[Any, ...], fixed: tuple[Any, ...]
) -> Callable[[Any], Any]:
    """Return a call of a `ConcreteFunction` that does not check its arguments."""
    dtypes = [output.dtype for output in program.outputs]
    captured = list(program.captured_inputs)
    known = [
        _tensors(each) if any(each is other for other in fixed) else None
        for each in arguments
    ]
    structure = program.structured_outputs
    leaves = tf.nest.flatten(structure)
    positions = [i for i, leaf in enumerate(leaves) if isinstance(leaf, tf.Tensor)]

    def call(arguments: Any) -> Any:
        given = []
        for argument, tensors in zip(arguments, known, strict=True):
            given += _tensors(argument) if tensors is None else tensors
        results = tf.raw_ops.StatefulPartitionedCall(
            args=given + captured, Tout=dtypes, f=program
        )
        found = list(leaves)
        for position, result in zip(positions, results, strict=True):
            found[position] = result
        return tf.nest.pack_sequence_as(structure, found)

    return call


def _tensors(argument: Any) -> list[tf.Tensor]:
    return [leaf for leaf in tf.nest.flatten(argument) if isinstance(leaf, tf.Tensor)]
