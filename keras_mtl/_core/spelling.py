"""The names of settings in messages: flags of a command, or arguments in a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

__all__ = ["in_spelling", "spelled", "spelling"]

P = ParamSpec("P")
R = TypeVar("R")

_SPELL: ContextVar[Callable[[str], str] | None] = ContextVar("spelling", default=None)


@contextmanager
def spelling(spell: Callable[[str], str]) -> Iterator[None]:
    """Context in which errors and warnings of data name settings as the caller does.

    Messages are written with the flags of the commands, such as `--drop age`. A
    function for scripts runs in this context, so that they name its arguments instead.

    Args:
        spell: The function that replaces the flags in a message.

    Example:

    >>> from keras_mtl.errors import UserError
    >>> with spelling(lambda message: message.replace("--drop age", "drop=['age']")):
    ...     print(UserError("Leave the column out (--drop age)."))
    Leave the column out (drop=['age']).
    """
    token = _SPELL.set(spell)
    try:
        yield
    finally:
        _SPELL.reset(token)


def in_spelling(
    spell: Callable[[str], str],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that runs a function in the context of `spelling`."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            with spelling(spell):
                return function(*args, **kwargs)

        return run

    return decorate


def spelled(message: str) -> str:
    """Return a message in the spelling of the caller."""
    spell = _SPELL.get()
    return message if spell is None else spell(message)
