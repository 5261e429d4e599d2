"""What many tasks cost, beside plain Keras.

    python -m benchmarks.many_tasks [--tasks 1,4,16,64,256] [--keras-up-to 64]

Binary tasks with heads of 16-1 on the article's trunk (12-32-64), batches of 256
rows, Adam. Plain Keras has a head and a loss a task and no metrics; this package
measures each task's accuracy and AUC besides. First the time until one epoch is
over, from nothing; then a step, measured in turns in one process; and beside it
the products of matrices that the heads can't do without: 400 million operations
for 256 of them.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.side_by_side import side_by_side
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError

__all__ = ["FLAGS", "main"]

SUMMARY = """Measures a training step, and the time until one epoch is over, over the
number of tasks, beside plain Keras.
"""
FLAGS = (
    Flag("--tasks", "tasks", "How many.", form="list", metavar="1,4"),
    Flag("--keras-up-to", "keras", "Plain Keras's most tasks.", metavar="N"),
    Flag("--rounds", "rounds", "The turns that each way gets.", metavar="N"),
    Flag("--weighting", "weighting", "How tasks are combined.", metavar="NAME"),
)
TASKS = ("1", "4", "16", "64", "256")
# With 256 its first epoch takes minutes.
KERAS_UP_TO = "64"


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and returns its exit status."""
    return run_command(
        "python -m benchmarks.many_tasks", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], mistakes: list[str]) -> None:
    counts = _numbers("--tasks", values.get("tasks", TASKS), mistakes)
    most = _numbers("--keras-up-to", [values.get("keras", KERAS_UP_TO)], mistakes)
    rounds = _numbers("--rounds", [values.get("rounds", "5")], mistakes)
    if mistakes:
        raise UserError(*mistakes)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from benchmarks.task_fits import keras_model, our_model, products, timed_fit

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    weighting = values.get("weighting", "sum")
    counts = sorted({1, *counts})
    # What TensorFlow loads at its first use is no task's.
    timed_fit(lambda: keras_model(1), 1)
    timed_fit(lambda: our_model(1, weighting), 1)
    ways, first = {}, {}
    for count in counts:
        if count <= most[0]:
            ways["Keras", count], first["Keras", count] = timed_fit(
                lambda count=count: keras_model(count), count
            )
        ways["ours", count], first["ours", count] = timed_fit(
            lambda count=count: our_model(count, weighting), count
        )
        ways["products", count] = products(count)
    steps = side_by_side(ways, rounds[0])
    heading = "Until one epoch of 8 steps is over, s"
    console.print(_table(heading, counts, first, {}, ".2f"))
    floor = {count: steps["products", count] for count in counts}
    console.print(_table("A step, ms", counts, steps, floor, ".2f"))


def _numbers(flag: str, texts: Any, mistakes: list[str]) -> list[int]:
    wrong = [text for text in texts if not text.isdecimal() or int(text) < 1]
    if wrong:
        mistakes.append(
            f"{flag}: expected whole numbers from 1; received {', '.join(wrong)}."
        )
    return [int(text) for text in texts if text not in wrong]


def _table(
    title: str,
    counts: list[int],
    times: dict[tuple[str, int], float],
    floor: dict[int, float],
    form: str,
) -> Table:
    """Makes a table: a row a number of tasks, with ratios to one task."""
    table = Table(title=title, title_justify="left")
    headings = ["tasks", "plain Keras", "keras_mtl", "of its 1 task"]
    headings += ["of Keras's 1 task", *["heads' products"] * bool(floor)]
    for heading in headings:
        table.add_column(heading, justify="right")
    for count in counts:
        keras, ours = times.get(("Keras", count)), times["ours", count]
        cells = ["-" if keras is None else f"{keras:{form}}", f"{ours:{form}}"]
        cells += [f"{ours / times[way, 1]:.1f} x" for way in ("ours", "Keras")]
        if floor:
            cells.append(f"{floor[count]:{form}}")
        table.add_row(str(count), *cells)
    return table


if __name__ == "__main__":
    sys.exit(main())
