"""The outcome of a trial, and the words of an error that ended it."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Measured", "first_line"]


@dataclass(frozen=True)
class Measured:
    """The outcome of a trial.

    Attributes:
        folds: For each fold its metrics by name; empty when the trial failed.
        epochs: For each fold the epoch that was measured, from 1; empty for a model
            whose weights are solved for.
        parameters: The number of the model's parameters.
        message: Why the trial failed.
    """

    folds: list[dict[str, float]] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    parameters: int = 0
    message: str = ""


def first_line(error: BaseException) -> str:
    """Returns the first line of an error's message, or the name of its kind.

    Example:

    >>> first_line(ValueError("no rows\\nin fold 1")), first_line(MemoryError())
    ('no rows', 'MemoryError')
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
