"""Time, memory and rows per second of a fit of a large table.

    python -m benchmarks.large_data [--rows 1000000] [--shards 8]

A generated table of 30 columns with three tasks is written to a temporary folder. One
process fits the table with the command, and reports the time and memory of each stage.
A second process only imports TensorFlow, and reports the memory of TensorFlow. A third
process trains on the encoded rows in turns with plain Keras. With `--shards` the same
rows are fitted again from a folder of that many files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.check_flags import whole_number, whole_numbers
from benchmarks.large_rows import TASKS, write_rows, write_shards
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError

__all__ = ["FLAGS", "main"]

SUMMARY = """Measures the fit of a million rows from a CSV file: each stage's time, the
peak of memory, and the rows a second in training beside plain Keras.
"""
FLAGS = (
    Flag("--rows", "rows", "The rows of the table; 1000000.", metavar="N"),
    Flag("--epochs", "epochs", "The epochs of the fit; 2.", metavar="N"),
    Flag("--batch-size", "batch_size", "The rows of an update; 4096.", metavar="N"),
    Flag(
        "--batch-sizes",
        "batch_sizes",
        "Those measured beside plain Keras.",
        form="list",
        metavar="A,B",
    ),
    Flag("--rounds", "rounds", "Turns beside plain Keras; 3.", metavar="N"),
    Flag("--shards", "shards", "Also fit a folder of so many files.", metavar="N"),
)
BATCH_SIZES = (1024, 4096, 16384, 65536)
MEBIBYTE = 2**20


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.large_data", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], errors: list[str]) -> None:
    # At least some hundred rows, so that each task has labels of each class.
    rows = whole_number("--rows", values.get("rows", 1_000_000), errors, least=500)
    epochs = whole_number("--epochs", values.get("epochs", 2), errors)
    shards = whole_number("--shards", values.get("shards", 0), errors, least=0)
    batch_size = whole_number("--batch-size", values.get("batch_size", 4096), errors)
    sizes = whole_numbers(
        "--batch-sizes", values.get("batch_sizes", BATCH_SIZES), errors
    )
    rounds = whole_number("--rounds", values.get("rounds", 3), errors)
    if errors:
        raise UserError(*errors)
    flags = [
        *[word for task in TASKS for word in ("--task", task)],
        *["--members", "1", "--epochs", str(epochs)],
        *["--batch-size", str(batch_size), "--quiet"],
    ]
    console = Console(width=100, highlight=False)
    alone = _in_own_process("alone")
    with tempfile.TemporaryDirectory(prefix="large-data-") as folder:
        file = Path(folder) / "rows.csv"
        start = time.perf_counter()
        write_rows(file, rows)
        console.print(
            f"{rows:,} rows, {file.stat().st_size / MEBIBYTE:.0f} MiB of CSV, written "
            f"in {time.perf_counter() - start:.0f} s"
        )
        found = _fit(file, flags, Path(folder) / "run")
        _show(console, "from one CSV file", found, alone)
        if shards:
            write_shards(Path(folder) / "shards", rows, shards)
            found = _fit(Path(folder) / "shards", flags, Path(folder) / "run_of_shards")
            _show(console, f"from {shards} shards", found, alone)
            same = [
                name
                for name in ("metrics.json", "history.csv", "predictions.csv")
                if (Path(folder) / "run" / name).read_bytes()
                == (Path(folder) / "run_of_shards" / name).read_bytes()
            ]
            console.print(f"Byte for byte the same: {', '.join(same) or 'none'}")
        speeds = _in_own_process(
            "speed",
            file=str(file),
            flags=flags,
            batch_sizes=sizes,
            rounds=rounds,
        )
    _show_speeds(console, speeds, sizes)


def _fit(data: Path, flags: list[str], out: Path) -> dict[str, Any]:
    arguments = ["--data", str(data), "--out", str(out), *flags]
    return _in_own_process("fit", arguments=arguments)


def _in_own_process(job: str, **settings: Any) -> Any:
    """Do a job of `large_jobs` in a new process, and return its result."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.large_jobs", job, json.dumps(settings)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return json.loads(done.stdout.splitlines()[-1])


def _show(console: Console, what: str, found: dict[str, Any], alone: float) -> None:
    table = Table(title=f"The fit {what}", title_justify="left")
    for name in ("stage", "seconds", "peak of memory by then, MiB"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for stage, seconds, peak in found["stages"]:
        table.add_row(stage, f"{seconds:.1f}", f"{peak / MEBIBYTE:.0f}")
    table.add_row("the whole command", f"{found['seconds']:.1f}", "")
    console.print(table)
    peak, matrix = found["peak"], found["matrix"]
    console.print(
        f"Encoded matrix {matrix / MEBIBYTE:.0f} MiB; peak of memory "
        f"{peak / MEBIBYTE:.0f} MiB, {peak / matrix:.2f} times the matrix; "
        f"without the {alone / MEBIBYTE:.0f} MiB of imports and a first tensor "
        f"{(peak - alone) / matrix:.2f} times"
    )


def _show_speeds(console: Console, speeds: dict[str, Any], sizes: list[int]) -> None:
    table = Table(title="Thousand rows a second in training", title_justify="left")
    table.add_column("batch size")
    for size in sizes:
        table.add_column(str(size), justify="right")
    for way, found in speeds.items():
        table.add_row(way, *[f"{found[str(size)] / 1000:.0f}" for size in sizes])
    console.print(table)
    best = {way: max(found.values()) for way, found in speeds.items()}
    ratio = best["keras_mtl"] / best["plain Keras"]
    console.print(f"Each at its best batch size: {ratio:.2f} times plain Keras")


if __name__ == "__main__":
    sys.exit(main())
