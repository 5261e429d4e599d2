"""The declaration of a table of the benchmark."""

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
        column: The name of the column.
        kind: The kind of the task.
    """

    column: str
    kind: Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Table:
    """A real table, with its targets and the split of its rows.

    Attributes:
        name: The name in the benchmark.
        package: The distribution that contains the rows.
        dataset: The name of the rows in the package.
        split: `"development"` for tables on which ideas are tried; `"held_out"` for
            tables that are measured once, at the end.
        targets: The columns to predict. No target is an input.
        leaks: Columns that are dropped, with the reason.
        rows: The number of rows that are drawn with `seed`; None for all.
        group: A column whose equal values stay in one fold. It is not an input.
        block: The number of successive rows per person if no column identifies
            persons. These rows stay in one fold.
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
