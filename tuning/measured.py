"""The outcome of a trial, and the message of an error that ended it."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Measured", "first_line"]


@dataclass(frozen=True)
class Measured:
    """The outcome of a trial.

    Attributes:
        folds: The metrics of each fold by name; empty if the trial failed.
        epochs: The measured epoch of each fold, from 1; empty for a solved
            architecture.
        parameters: The number of the model's parameters.
        message: The reason of a failure.
    """

    folds: list[dict[str, float]] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    parameters: int = 0
    message: str = ""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or the name of its class.

    Example:

    >>> first_line(ValueError("no rows\\nin fold 1")), first_line(MemoryError())
    ('no rows', 'MemoryError')
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
