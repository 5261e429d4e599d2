"""Time of the command, beside the import of TensorFlow and a PyTorch script.

    python -m benchmarks.command_time [--rounds 3] [--presets article,default]
        [--without-script]

Each way runs in its own process, in turns. The first table has whole processes, as
started from a shell: only `import tensorflow, keras`, and the command with its time
    line.
The second table does not include imports, which come before the measurement. The script
reads the same data and trains the article's network for as many epochs, but writes no
files. The time of the command is reported at the end of training, and at the end of
writing: plots, predictions, the Keras model and the checked SavedModel.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.check_flags import absent_packages, whole_number
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.configuration.presets import PRESETS
from keras_mtl.errors import UserError

__all__ = ["FLAGS", "main"]

SUMMARY = """Measures the whole command beside the import of TensorFlow and Keras; and,
outside imports, the time until the model is trained beside a PyTorch script.
"""
FLAGS = (
    Flag("--rounds", "rounds", "The turns that each way gets.", metavar="N"),
    Flag(
        "--presets", "presets", "The recipes.", form="list", metavar="article,default"
    ),
    Flag(
        "--without-script",
        "without_script",
        "Measure whole processes alone, which needs no PyTorch.",
        form="switch",
    ),
)
SCRIPT = "PyTorch script"
IMPORT = "import tensorflow, keras"
# The marks in the time line of a whole command, in order.
MARKS = ("loaded", "trained", "written", "ended")


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.command_time", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], errors: list[str]) -> None:
    rounds = whole_number("--rounds", values.get("rounds", 3), errors)
    presets = values.get("presets", ("article", "default"))
    unknown = [name for name in presets if name not in PRESETS]
    if unknown:
        errors.append(
            f"--presets: expected some of {', '.join(PRESETS)}; received "
            f"{', '.join(unknown)}."
        )
    script = not values.get("without_script")
    if script:
        errors += absent_packages("torch")
    if errors:
        raise UserError(*errors)
    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False)
    whole: dict[str, list[dict[str, float]]] = {name: [] for name in (IMPORT, *presets)}
    inside: dict[str, list[dict[str, float]]] = {
        name: [] for name in (SCRIPT, *presets) if script
    }
    for _ in range(rounds):
        for name, times in whole.items():
            times.append(_whole_process(name))
        for name, times in inside.items():
            times.append(_in_own_process(name))
    console.print(_whole_table(whole))
    if script:
        console.print(_table(inside))


def _medians(times: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(one[key] for one in times) for key in times[0]}


def _whole_table(found: dict[str, list[dict[str, float]]]) -> Table:
    table = Table(
        title="Seconds of whole processes, medians; CPU of all of them",
        title_justify="left",
    )
    table.add_column("way")
    for mark in MARKS:
        table.add_column(mark, justify="right")
    for heading in ("of the import", "CPU"):
        table.add_column(heading, justify="right")
    middle = {name: _medians(times) for name, times in found.items()}
    for name, times in middle.items():
        table.add_row(
            name if name == IMPORT else f"fit --preset {name}",
            *[f"{times[mark]:.2f}" if mark in times else "-" for mark in MARKS],
            f"{times['ended'] / middle[IMPORT]['ended']:.2f}",
            f"{times['cpu']:.2f}",
        )
    return table


def _whole_process(name: str) -> dict[str, float]:
    """Run a process, and return its marks in seconds since its start."""
    job = ["-c", IMPORT] if name == IMPORT else ["-m", "benchmarks.command_jobs"]
    arguments = [] if name == IMPORT else ["whole", name]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.time()
    done = subprocess.run(
        [sys.executable, *job, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    )
    ended = time.time()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    marks = {} if name == IMPORT else json.loads(done.stdout.splitlines()[-1])
    return {
        **{mark: at - began for mark, at in marks.items()},
        "ended": ended - began,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }


def _table(found: dict[str, list[dict[str, float]]]) -> Table:
    table = Table(title="Seconds outside imports, medians", title_justify="left")
    table.add_column("way")
    for heading in ("until trained", "of the script's", "CPU", "until written", "CPU"):
        table.add_column(heading, justify="right")
    middle = {name: _medians(times) for name, times in found.items()}
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
