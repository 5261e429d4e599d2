"""Measurement of several ways in turns, so that all have the same load."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

__all__ = ["Milliseconds", "seconds_of", "side_by_side"]

# The milliseconds of each measurement in one turn.
Milliseconds = list[float]
Way = TypeVar("Way", bound=Hashable)


def seconds_of(action: Callable[[], object]) -> float:
    """Return the time of a call, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def side_by_side(
    ways: Mapping[Way, Callable[[], Milliseconds]], rounds: int
) -> dict[Way, float]:
    """Run the measurement of each way once per round.

    Args:
        ways: Functions by name that run for a while and return their measurements. The
            first turn, which may compile, is not counted.
        rounds: The number of turns of each way.

    Returns:
        The median in milliseconds, by name.
    """
    measured: dict[Way, Milliseconds] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, measure in ways.items():
            found = measure()
            if turn:
                measured[name] += found
    return {name: statistics.median(times) for name, times in measured.items()}
