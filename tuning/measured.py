"""The outcome of a trial."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Measured"]


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
