"""The results of the benchmark as a table in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.tables.declaration import FOLDS, Table
from benchmarks.tables.ranks import gains

__all__ = ["markdown_table"]


def markdown_table(
    results: pd.DataFrame, tables: Sequence[Table], methods: Sequence[str]
) -> str:
    """Write the R2 of numbers and the log loss of classes, one line per target.

    Args:
        results: The results from `ResultStore.read`.
        tables: The tables to show.
        methods: The methods, one column per method. A cell is empty if a method was not
            measured in all folds. The best of several results in a line is bold.
    """
    values = gains(results).reindex(columns=list(methods))
    lines = [
        ["table", "target", "metric", *methods],
        ["---"] * 3 + ["---:"] * len(methods),
    ]
    for table in tables:
        for target in table.targets:
            key = (table.name, target.column)
            if key not in values.index.droplevel("fold"):
                continue
            part = values.loc[key]
            means = part.mean().where(part.notna().sum() == FOLDS)
            is_number = target.kind == "regression"
            cells = [
                "" if np.isnan(mean) else f"{mean if is_number else -mean:.3f}"
                for mean in means
            ]
            if means.notna().any():
                best = int(np.nanargmax(means))
                if means.notna().sum() > 1:
                    cells[best] = f"**{cells[best]}**"
                metric = "R2" if is_number else "log loss"
                lines.append([table.name, target.column, metric, *cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
