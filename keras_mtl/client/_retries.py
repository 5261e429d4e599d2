"""Retries of requests after temporary errors."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from keras_mtl.client.serving_error import ServingError

__all__ = ["call_with_retries"]

Answer = TypeVar("Answer")

# In seconds. A server that asks for a longer pause counts as down.
LONGEST_PAUSE = 30.0


def call_with_retries(
    send: Callable[[], Answer],
    retries: int,
    backoff: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Send a request, and retry after temporary errors.

    Pauses double with each attempt, minus a random part, so that clients do not all
    retry at the same moment after a restart of the server.

    Args:
        send: A function that sends the request once and returns the response.
        retries: The number of further attempts.
        backoff: The longest first pause, in seconds.
        sleep: A function that waits for a number of seconds.

    Raises:
        ServingError: The error of the last attempt, or the first error that is not
            temporary.

    Example:

    >>> call_with_retries(lambda: "predictions", retries=3, backoff=0.2)
    'predictions'
    """
    for attempt in range(retries + 1):
        try:
            return send()
        except ServingError as error:
            pause = backoff * 2**attempt * random.uniform(0.5, 1.0)
            pause = min(pause, LONGEST_PAUSE)
            if error.retry_after is not None:
                pause = max(pause, error.retry_after)
            is_last = attempt == retries or pause > LONGEST_PAUSE
            if is_last or not error.can_retry:
                raise
        sleep(pause)
    raise AssertionError("unreachable")
