"""Tables of a comparison, for the terminal and for a page."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from rich.table import Table

from benchmarks.compared_problem import Scores

__all__ = ["comparison_table", "markdown_table"]

BASE = "sum"


def comparison_table(title: str, scores: Mapping[str, Scores]) -> Table:
    """Make a table of the methods for the terminal, sorted by error.

    Args:
        title: The title of the table.
        scores: The scores by method, including `sum`.
    """
    header, rows = _cells(scores)
    table = Table(title=title, title_justify="left")
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*row)
    return table


def markdown_table(scores: Mapping[str, Scores]) -> str:
    """Write the same table in Markdown. See `comparison_table`."""
    header, rows = _cells(scores)
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(scores: Mapping[str, Scores]) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows, the lowest mean error first.

    The difference from `sum` is computed per seed, with its standard error. It does not
    contain common effects, for example of the split.
    """
    names = list(scores[BASE].figures)
    error = names[0]
    base = np.array(scores[BASE].figures[error])
    header = ["method", *names, f"{error} - {BASE}'s", "learning rate"]
    rows = []
    for method, each in sorted(
        scores.items(), key=lambda pair: np.mean(pair[1].figures[error])
    ):
        difference = np.array(each.figures[error]) - base
        spread = difference.std(ddof=1) / np.sqrt(len(difference))
        rows.append(
            [
                method,
                *[_with_spread(each.figures[name]) for name in names],
                "" if method == BASE else f"{difference.mean():+.3f} ± {spread:.3f}",
                f"{each.learning_rate:g}",
            ]
        )
    return header, rows


def _with_spread(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
