"""The declaration of a table of the bench."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["FOLDS", "Table", "Target"]

FOLDS = 5


@dataclass(frozen=True)
class Target:
    """A column to predict.

    Attributes:
        column: The column.
        kind: The kind of its task.
    """

    column: str
    kind: Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Table:
    """A real table, what to predict of it, and how its rows are divided.

    Attributes:
        name: The name in the bench.
        package: The distribution that ships the rows.
        dataset: The package's name for them.
        split: `"development"` for tables that ideas are tried on; `"held_out"`
            for tables that are measured once, at the end.
        targets: The columns to predict. No target is an input.
        leaks: Columns that are dropped, with the reason.
        rows: How many rows are drawn, by `seed`; None for all.
        group: A column whose equal values stay in one fold. It is no input.
        block: How many rows in a row belong to one person, where no column
            says so; they stay in one fold.
        seed: The seed of the drawn rows and of the folds.
    """

    name: str
    package: str
    dataset: str
    split: Literal["development", "held_out"]
    targets: tuple[Target, ...]
    leaks: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None
    group: str | None = None
    block: int = 1
    seed: int = 0
