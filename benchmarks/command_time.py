"""How long it takes from the command to the trained model, beside a PyTorch script.

    python -m benchmarks.command_time [--rounds 3] [--presets article,default]

Each way runs in a process of its own, in turns. What it imports is imported
before the time is taken. The script reads the same data and trains the article's
network for as many epochs; it writes nothing. The command's time is told when the
model is trained, and when its folder is written: plots, predictions, the Keras
model and the checked SavedModel.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.check_flags import absent_packages, whole_number
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.configuration.presets import PRESETS
from keras_mtl.errors import UserError

__all__ = ["FLAGS", "main"]

SUMMARY = """Measures the time from the command to the trained model, outside imports,
beside a PyTorch script.
"""
FLAGS = (
    Flag("--rounds", "rounds", "The turns that each way gets.", metavar="N"),
    Flag(
        "--presets", "presets", "The recipes.", form="list", metavar="article,default"
    ),
)
SCRIPT = "PyTorch script"


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and returns its exit status."""
    return run_command(
        "python -m benchmarks.command_time", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], mistakes: list[str]) -> None:
    rounds = whole_number("--rounds", values.get("rounds", 3), mistakes)
    presets = values.get("presets", ("article", "default"))
    unknown = [name for name in presets if name not in PRESETS]
    if unknown:
        mistakes.append(
            f"--presets: expected some of {', '.join(PRESETS)}; received "
            f"{', '.join(unknown)}."
        )
    mistakes += absent_packages("torch")
    if mistakes:
        raise UserError(*mistakes)
    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in (SCRIPT, *presets)}
    for _ in range(rounds):
        for name, times in found.items():
            times.append(_in_own_process(name))
    console.print(_table(found))


def _table(found: dict[str, list[dict[str, float]]]) -> Table:
    table = Table(title="Seconds outside imports, medians", title_justify="left")
    table.add_column("way")
    for heading in ("until trained", "of the script's", "CPU", "until written", "CPU"):
        table.add_column(heading, justify="right")
    middle = {
        name: {key: statistics.median(one[key] for one in times) for key in times[0]}
        for name, times in found.items()
    }
    for name, times in middle.items():
        way = name if name == SCRIPT else f"keras_mtl.fit --preset {name}"
        written = [
            f"{times[key]:.2f}" if key in times else "-"
            for key in ("written", "written_cpu")
        ]
        table.add_row(
            way,
            f"{times['trained']:.2f}",
            f"{times['trained'] / middle[SCRIPT]['trained']:.2f}",
            f"{times['trained_cpu']:.2f}",
            *written,
        )
    return table


def _in_own_process(name: str) -> dict[str, float]:
    job = ["script"] if name == SCRIPT else ["command", name]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.command_jobs", *job],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
