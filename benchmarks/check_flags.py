"""Checks of the flags of the benchmarks."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

__all__ = ["absent_packages", "is_installed", "whole_number", "whole_numbers"]


def whole_number(flag: str, text: str | int, errors: list[str], least: int = 1) -> int:
    """Read the number of a flag.

    Args:
        flag: The name of the flag, for the message.
        text: The given value.
        errors: The list of messages. A value that is not a whole number or too small
            adds a message.
        least: The smallest valid number.

    Returns:
        The number; `least` if the value is invalid.

    Example:

    >>> errors = []
    >>> whole_number("--rows", "12", errors), whole_number("--rows", "x", errors)
    (12, 1)
    >>> errors
    ['--rows: expected whole numbers from 1; received x.']
    """
    return next(iter(whole_numbers(flag, [text], errors, least)), least)


def whole_numbers(
    flag: str, texts: Iterable[str | int], errors: list[str], least: int = 1
) -> list[int]:
    """Read the distinct numbers of a flag, sorted. See `whole_number`."""
    words = [str(text) for text in texts]
    wrong = [word for word in words if not word.isdecimal() or int(word) < least]
    if wrong:
        errors.append(
            f"{flag}: expected whole numbers from {least}; received {', '.join(wrong)}."
        )
    return sorted({int(word) for word in words if word not in wrong})


def is_installed(*names: str) -> bool:
    """Return whether all of some packages are installed.

    Example:

    >>> is_installed("numpy"), is_installed("numpy", "no_such_package")
    (True, False)
    """
    return all(importlib.util.find_spec(name) is not None for name in names)


def absent_packages(*names: str) -> list[str]:
    """Return a message if packages of the extra are not installed.

    Example:

    >>> absent_packages("numpy")
    []
    """
    missing = [name for name in names if not is_installed(name)]
    if not missing:
        return []
    return [
        f"{' and '.join(missing)}: not installed; the benchmark compares with it. "
        "Install with: pip install -e '.[benchmarks]'"
    ]
