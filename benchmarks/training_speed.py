"""What training takes, beside plain Keras and PyTorch: one run, four tables.

    python -m benchmarks.training_speed [--members 1,8,32,128] [--tasks 1,16,64,256]
        [--memory 1,32,128,512] [--keras-up-to 64] [--plot FILE]

An epoch of the article's network: 736 rows, batches of 32, Adam. Keras and this
package evaluate 184 rows after each epoch; the PyTorch loop trains alone. Then
an epoch over the number of members that train together, the memory of a process
that trains so many, and a step over the number of tasks: heads of 16-1 on the
same trunk, batches of 256 rows, where this package measures each task's accuracy
and AUC and plain Keras nothing. What is compared takes turns in one process.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.check_flags import absent_packages, whole_number, whole_numbers
from benchmarks.side_by_side import side_by_side
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError

__all__ = ["FLAGS", "main"]

SUMMARY = """Measures an epoch of the article's network in `fit`, beside plain Keras and
a PyTorch loop, of many members that train together, and a step of many tasks.
"""
FLAGS = (
    Flag("--members", "members", "How many together.", form="list", metavar="1,8"),
    Flag("--memory", "memory", "How many, for memory.", form="list", metavar="1,32"),
    Flag("--tasks", "tasks", "How many tasks.", form="list", metavar="1,16"),
    Flag("--keras-up-to", "keras", "Plain Keras's most tasks.", metavar="N"),
    Flag("--weighting", "weighting", "How tasks are combined.", metavar="NAME"),
    Flag("--rounds", "rounds", "The turns that each way gets.", metavar="N"),
    Flag("--plot", "plot", "A picture of the curves.", metavar="PNG"),
)
MEMBERS = (1, 8, 32, 128, 512)
MEMORY = (1, 32, 128, 512)
TASKS = (1, 4, 16, 64, 256)
# With 256 its first epoch takes minutes.
KERAS_UP_TO = 64
BATCH_SIZE = 32
MEMBER_EPOCHS = 30


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and returns its exit status."""
    return run_command(
        "python -m benchmarks.training_speed", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], mistakes: list[str]) -> None:
    members = whole_numbers("--members", values.get("members", MEMBERS), mistakes)
    memory = whole_numbers("--memory", values.get("memory", MEMORY), mistakes)
    tasks = whole_numbers("--tasks", values.get("tasks", TASKS), mistakes)
    most = whole_number("--keras-up-to", values.get("keras", KERAS_UP_TO), mistakes)
    rounds = whole_number("--rounds", values.get("rounds", 5), mistakes)
    plot = Path(values["plot"]) if "plot" in values else None
    if plot is not None and not plot.absolute().parent.is_dir():
        mistakes.append(f"--plot: expected a file in a folder that is there; {plot}.")
    mistakes += absent_packages("torch")
    if mistakes:
        raise UserError(*mistakes)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from benchmarks import training_tables as tables
    from benchmarks.keras_fits import member_epochs
    from benchmarks.member_memory import peak_memory
    from benchmarks.task_fits import task_times

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    times = _one_model(rounds)
    pytorch = times["PyTorch loop"]
    console.print(tables.one_model(times))
    spans = {
        count: member_epochs(count, BATCH_SIZE, MEMBER_EPOCHS) for count in members
    }
    console.print(tables.members(spans, pytorch))
    console.print(tables.memory({count: peak_memory(count) for count in memory}))
    costs = task_times(tasks, most, rounds, values.get("weighting", "sum"))
    console.print(tables.tasks(costs))
    if plot is not None:
        from benchmarks.training_curves import draw_curves

        draw_curves(plot, spans, pytorch, costs)
        console.print(f"Written: {plot}")


def _one_model(rounds: int) -> dict[str, float]:
    from benchmarks.keras_fits import keras_epochs, our_epochs
    from benchmarks.pytorch_loop import pytorch_epochs

    return side_by_side(
        {
            "PyTorch loop": pytorch_epochs(BATCH_SIZE),
            "plain Keras fit": keras_epochs(BATCH_SIZE),
            "keras_mtl fit": our_epochs(BATCH_SIZE),
        },
        rounds,
    )


if __name__ == "__main__":
    sys.exit(main())
