"""Checks that the setting of an estimator is a number in its range."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

__all__ = ["is_integer_from", "is_not_negative", "is_positive"]


def is_positive(value: Any) -> bool:
    """Return whether a value is a finite number above 0.

    Args:
        value: Anything; text and None are not numbers.
    """
    return isinstance(value, Real) and 0 < float(value) < np.inf


def is_not_negative(value: Any) -> bool:
    """Return whether a value is a finite number of 0 or more.

    Args:
        value: Anything; text and None are not numbers.
    """
    return isinstance(value, Real) and 0 <= float(value) < np.inf


def is_integer_from(value: Any, least: int) -> bool:
    """Return whether a value is an integer of at least `least`.

    Args:
        value: Anything; 2.0 is not an integer.
        least: The smallest integer.
    """
    return isinstance(value, Integral) and int(value) >= least
