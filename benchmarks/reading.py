"""Time of reading a CSV file, beside other CSV readers.

    python -m benchmarks.reading [--rows 1000000] [--rounds 5] [--beside pandas]

The rows of `benchmarks.large_rows`, a million rows of 30 columns, are read in turns:
by `read_rows`, which also checks the file and finds the kinds of its columns; and by
pandas, Polars, PyArrow and DuckDB with their defaults, if installed. Each reader has a
process of its own, so that no reader takes turns with the threads and the freed memory
of another one. Three more files follow: the same rows with quotes around the words, a
file of only whole numbers, and the small heart data.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.check_flags import is_installed, whole_number
from benchmarks.large_rows import make_rows, write_rows
from benchmarks.side_by_side import Milliseconds, seconds_of, side_by_side
from keras_mtl._core.side_process import SideProcess
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.datasets.data_files import data_file
from keras_mtl.errors import UserError
from keras_mtl.tables.read_rows import read_rows

__all__ = ["FLAGS", "READERS", "compare_readers", "main", "read_seconds"]

SUMMARY = """Measures the reading of CSV files beside pandas, Polars, PyArrow and
DuckDB, in turns, each in a process of its own, and what importing each of them takes.
"""
FLAGS = (
    Flag("--rows", "rows", "The rows of the large files; 1000000.", metavar="N"),
    Flag("--rounds", "rounds", "Turns, of which the median counts; 5.", metavar="N"),
    Flag(
        "--beside",
        "beside",
        "The other readers, from pandas, polars, pyarrow and duckdb; all installed.",
        metavar="NAME,...",
    ),
)
MEBIBYTE = 2**20
# As a command, the module has another name.
MODULE = "benchmarks.reading"
INTEGER_COLUMNS = 30


def _ours(path: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_rows(path, (), ())


def _polars(path: str) -> Any:
    import polars

    return polars.read_csv(path)


def _pyarrow(path: str) -> Any:
    from pyarrow import csv

    return csv.read_csv(path)


def _duckdb(path: str) -> Any:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT * FROM read_csv(?)", [path])
        return connection.execute("SELECT count(*) FROM t").fetchone()


# The readers, by the package that they need.
READERS: dict[str, Callable[[str], Any]] = {
    "keras_mtl": _ours,
    "pandas": pd.read_csv,
    "polars": _polars,
    "pyarrow": _pyarrow,
    "duckdb": _duckdb,
}


def compare_readers(
    path: Path, rounds: int, readers: Sequence[str]
) -> dict[str, float]:
    """Read a file with several readers, in turns.

    Args:
        path: A CSV file.
        rounds: The number of measured rounds, after one that is not counted.
        readers: Names in `READERS`.

    Returns:
        The median seconds by reader.
    """
    with contextlib.ExitStack() as stack:
        ways = {
            name: partial(
                _milliseconds,
                stack.enter_context(SideProcess(imports=[MODULE])),
                name,
                str(path),
            )
            for name in readers
        }
        medians = side_by_side(ways, rounds)
    return {name: 1e-3 * found for name, found in medians.items()}


def _milliseconds(process: SideProcess, name: str, path: str) -> Milliseconds:
    process.submit(f"{MODULE}:read_seconds", name, path)
    return [1e3 * process.result()]


def read_seconds(name: str, path: str) -> float:
    """Return the time of reading a file, with the release of the rows, in seconds."""
    return seconds_of(partial(READERS[name], path))


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.reading", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], errors: list[str]) -> None:
    rows = whole_number("--rows", values.get("rows", 1_000_000), errors)
    rounds = whole_number("--rounds", values.get("rounds", 5), errors)
    installed = [name for name in READERS if is_installed(name)]
    beside = values.get("beside", ",".join(installed[1:])).split(",")
    unknown = [name for name in beside if name not in installed[1:]]
    if unknown:
        errors.append(
            f"--beside: expected names from {', '.join(installed[1:])}; received "
            f"{', '.join(unknown)}."
        )
    if errors:
        raise UserError(*errors)
    console = Console(width=100, highlight=False)
    table = Table(title="Seconds to read a file", title_justify="left")
    table.add_column("file")
    table.add_column("MiB", justify="right")
    readers = [installed[0], *beside]
    for name in readers:
        table.add_column(name, justify="right")
    for name in (*beside, "the fastest"):
        table.add_column(f"ours, of {name}", justify="right")
    with tempfile.TemporaryDirectory(prefix="reading-") as folder:
        for what, path in _files(Path(folder), rows):
            seconds = compare_readers(path, rounds, readers)
            others = [seconds[name] for name in beside]
            table.add_row(
                what,
                f"{path.stat().st_size / MEBIBYTE:.1f}",
                *[f"{seconds[name]:.3f}" for name in readers],
                *[
                    f"{seconds[readers[0]] / other:.2f}"
                    for other in (*others, min(others))
                ],
            )
    console.print(table)
    _print_imports(console, beside, rounds)


def _files(folder: Path, rows: int) -> Iterator[tuple[str, Path]]:
    """Write the files one at a time, so that the disk never holds all of them."""
    path = folder / "rows.csv"
    write_rows(path, rows)
    yield f"{rows:,} rows of 30 columns", path
    with path.open("w", encoding="utf-8", newline="") as stream:
        for number, chunk in enumerate(make_rows(rows)):
            # 2 is csv.QUOTE_NONNUMERIC.
            chunk.to_csv(stream, index=False, header=number == 0, quoting=2)
    yield "the same, words in quotes", path
    numbers = np.random.default_rng(0).integers(0, 1000, (rows, INTEGER_COLUMNS))
    names = [f"count_{index}" for index in range(INTEGER_COLUMNS)]
    pd.DataFrame(numbers, columns=names).to_csv(path, index=False)
    yield "whole numbers", path
    yield "the heart data", data_file("heart_disease_uci.csv")


def _print_imports(console: Console, names: list[str], rounds: int) -> None:
    """Print the import times of pandas, and of other packages after pandas."""
    table = Table(title="Seconds to import", title_justify="left")
    table.add_column("package")
    table.add_column("seconds", justify="right")
    for name in names:
        before = "numpy" if name == "pandas" else "pandas"
        code = (
            f"import time, {before}; start = time.perf_counter(); import {name}"
            f"{'.csv' if name == 'pyarrow' else ''}; print(time.perf_counter() - start)"
        )
        found = [
            float(subprocess.check_output([sys.executable, "-c", code], text=True))
            for _ in range(rounds)
        ]
        table.add_row(f"{name}, after {before}", f"{statistics.median(found):.3f}")
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
