"""Time of a training step of each weighting, beside the sum and TorchJD.

    python -m benchmarks.weighting_speed [--methods sum,pcgrad,upgrad]

The first table has 32 binary tasks with heads of 16-1 on the article's trunk
(12-32-64), batches of 256 rows, and Adam. Every column has the same work, measured in
turns in one process. The second table has a trunk of 4096-4096 with 8 tasks: the
additional memory of steps and their time, with one process per method.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.check_flags import absent_packages, whole_number
from benchmarks.large_trunk import LARGE
from benchmarks.side_by_side import side_by_side
from benchmarks.weighting_problem import Problem
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.weighting.registry import names

__all__ = ["FLAGS", "main"]

SUMMARY = """Measures a training step of each weighting beside a step of the plain sum
and beside TorchJD: 32 tasks on a small trunk, and the memory of a large one.
"""
FLAGS = (
    Flag("--methods", "methods", "Which to measure.", form="list", metavar="A,B"),
    Flag("--rounds", "rounds", "The turns that each of them gets.", metavar="N"),
    Flag("--fit", "fit", "Also measure steps inside `fit`.", form="switch"),
    Flag("--large", "large", "Also measure a large trunk.", form="switch"),
)
METHODS = ("sum", "pcgrad", "mgda", "cagrad", "upgrad")
# The methods on the large trunk: the plain sum, and one that needs all gradients.
ON_LARGE_TRUNK = ("sum", "upgrad")
STEPS = 10


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.weighting_speed", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], errors: list[str]) -> None:
    methods = list(dict.fromkeys(["sum", *values.get("methods", METHODS)]))
    errors += [
        f"--methods: no weighting is named {name!r}.{did_you_mean(name, names())}"
        for name in methods
        if name not in names()
    ]
    rounds = whole_number("--rounds", values.get("rounds", 7), errors)
    errors += absent_packages("torch", "torchjd")
    if errors:
        raise UserError(*errors)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    problem = Problem()
    console.print("Compiling: about half a minute for each method ...")
    console.print(*_small_trunk(problem, methods, rounds, values.get("fit", True)))
    if values.get("large", True):
        console.print("A large trunk, in a process of its own for each method ...")
        console.print(_large_trunk())


def _small_trunk(
    problem: Problem, methods: list[str], rounds: int, with_fit: bool
) -> list[Any]:
    """Measure all ways in turns, and return the table."""
    import torch

    from benchmarks.torchjd_steps import AGGREGATORS, torchjd_steps
    from benchmarks.weighting_steps import fit_steps, program_steps

    ways = {}
    for name in methods:
        ways["program", name] = program_steps(name, problem, STEPS)
        if with_fit:
            ways["fit", name] = fit_steps(name, problem, STEPS)
        if name == "sum" or name in AGGREGATORS:
            ways["torchjd", name] = torchjd_steps(name, problem, STEPS)
    times = side_by_side(ways, rounds)

    table = Table(
        title=f"A step in ms: {problem.tasks} tasks, {problem.rows} rows, trunk "
        + "-".join(str(width) for width in (problem.width, *problem.trunk)),
        title_justify="left",
    )
    for heading in ("method", "one program", "x sum", "fit", "x sum", "TorchJD"):
        table.add_column(heading, justify="left" if heading == "method" else "right")
    table.add_column("program / TorchJD", justify="right")
    for name in methods:
        cells = []
        for way in ("program", "fit"):
            time, plain = times.get((way, name)), times.get((way, "sum"))
            cells += [_number(time), _number(time and plain and time / plain)]
        theirs = times.get(("torchjd", name))
        share = theirs and times["program", name] / theirs
        table.add_row(name, *cells, _number(theirs), _number(share))
    return [
        table,
        "One program: steps alone, many in one program that XLA compiled. Fit: "
        "`model.fit` as it\nruns with `jit_compile=True`, with all that an "
        "epoch takes beside.",
        f"\nPyTorch {torch.__version__} with {torch.get_num_threads()} threads; its "
        "sum is a plain backward pass.",
    ]


def _large_trunk() -> Table:
    """Run one process per method, and return the table."""
    widths = "-".join(str(width) for width in (LARGE.width, *LARGE.trunk))
    gradient = LARGE.shared_parameters * 4 / 1e6
    table = Table(
        title=f"Trunk {widths}, {LARGE.tasks} tasks, {LARGE.rows} rows: its gradient "
        f"is {gradient:.0f} MB, {LARGE.tasks} of them {LARGE.tasks * gradient:.0f} MB",
        title_justify="left",
    )
    table.add_column("method")
    for heading in ("memory added, MB", "a step in ms", "x sum"):
        table.add_column(heading, justify="right")
    for library in ("keras_mtl", "torchjd"):
        plain = None
        for name in ON_LARGE_TRUNK:
            found = _in_its_own_process(library, name)
            plain = plain or found["milliseconds"]
            table.add_row(
                f"{library}: {name}",
                f"{found['added_megabytes']:.0f}",
                f"{found['milliseconds']:.0f}",
                f"{found['milliseconds'] / plain:.2f}",
            )
    return table


def _in_its_own_process(library: str, name: str) -> dict[str, float]:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.large_trunk", library, name],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(ended.stdout.splitlines()[-1])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
