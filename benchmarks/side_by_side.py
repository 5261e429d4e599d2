"""Times several ways to do something in turns, so that all meet the same load."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

__all__ = ["Milliseconds", "seconds_of", "side_by_side"]

# Of one turn: from the number of calls to the milliseconds of each measurement.
Milliseconds = list[float]
Way = TypeVar("Way", bound=Hashable)


def seconds_of(action: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def side_by_side(
    ways: Mapping[Way, Callable[[], Milliseconds]], rounds: int
) -> dict[Way, float]:
    """Let each way measure itself once a round.

    Args:
        ways: By name, a function that runs for a while and returns what it
            measured. The first turn, which may compile, is not counted.
        rounds: How often each has its turn.

    Returns:
        By name the median.
    """
    measured: dict[Way, Milliseconds] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, measure in ways.items():
            found = measure()
            if turn:
                measured[name] += found
    return {name: statistics.median(times) for name, times in measured.items()}
