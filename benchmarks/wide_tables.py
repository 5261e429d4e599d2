"""Growth of the time of a fit with the number of columns of the table.

    python -m benchmarks.wide_tables [--columns 30,300,3000] [--rows 5000] [--rounds 1]

Each table is fitted and exported by `python -m keras_mtl.fit`, in its own process, with
one member and three epochs. The last column of the output compares the time per column
with the row above: at most 1 if the time grows linearly.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.check_flags import whole_number, whole_numbers
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError

__all__ = ["FLAGS", "main", "write_rows"]

SUMMARY = (
    """Measures how the time to read, fit and export a table grows with its columns."""
)
FLAGS = (
    Flag("--columns", "columns", "The tables' widths.", form="list", metavar="N,N"),
    Flag("--rows", "rows", "The rows of each table.", metavar="N"),
    Flag("--rounds", "rounds", "The fits of each table.", metavar="N"),
)
COLUMNS = (30, 300, 3000)
# Fewer rows cannot be split by class.
LEAST_ROWS = 20


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.wide_tables", SUMMARY, FLAGS, _measure, argv=argv
    )


def write_rows(path: Path, columns: int, rows: int, seed: int = 0) -> None:
    """Write a CSV file of random numbers and a binary label of some of them.

    Args:
        path: The file.
        columns: The number of numeric columns, beside the label `y`.
        rows: The number of rows.
        seed: The seed of the numbers.
    """
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=(rows, columns)).round(4)
    noise = generator.normal(size=rows)
    frame = pd.DataFrame(numbers, columns=[f"x{index}" for index in range(columns)])
    frame["y"] = (numbers[:, :10].sum(axis=1) + noise > 0).astype(int)
    frame.to_csv(path, index=False)


def _measure(values: dict[str, Any], errors: list[str]) -> None:
    widths = whole_numbers("--columns", values.get("columns", COLUMNS), errors)
    rows = whole_number("--rows", values.get("rows", 5000), errors, LEAST_ROWS)
    rounds = whole_number("--rounds", values.get("rounds", 1), errors)
    if errors:
        raise UserError(*errors)
    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False)
    found: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for width in widths:
            path = Path(folder, f"{width}.csv")
            write_rows(path, width, rows)
            times = [_in_own_process(path) for _ in range(rounds)]
            found[width] = {
                key: statistics.median(one[key] for one in times) for key in times[0]
            }
            path.unlink()
    console.print(_table(found, rows))


def _table(found: dict[int, dict[str, float]], rows: int) -> Table:
    title = f"Seconds for {rows:,} rows, imports left out, medians"
    table = Table(title=title, title_justify="left")
    for heading in (
        "columns",
        "read",
        "fit",
        "export",
        "in all",
        "per column, of above",
    ):
        table.add_column(heading, justify="right")
    above = None
    for width, times in found.items():
        each = times["all"] / width
        table.add_row(
            f"{width:,}",
            *(f"{times[key]:.1f}" for key in ("read", "fit", "export", "all")),
            "" if above is None else f"{each / above:.2f}",
        )
        above = each
    return table


def _in_own_process(path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.wide_jobs", path],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
