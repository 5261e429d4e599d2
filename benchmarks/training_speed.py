"""Speed of training beside JAX, plain Keras and PyTorch, in one run.

    python -m benchmarks.training_speed [--only one-model,ten-members]
        [--members 1,8,32,128] [--tasks 1,16,64,256] [--memory 1,32,128,512]
        [--keras-up-to 64] [--rounds 5] [--plot FILE]

The first part is the comparisons of `benchmarks.speed_ratios`, by name:

- `one-model`: an epoch of the article's network (736 rows, batches of 32, Adam)
  and the evaluation of 184 rows. The PyTorch loop only trains; plain Keras has
  no AUC of thal.
- `ten-members`, `many-members`: ten members with dropout, validation and early
  stopping; 128 members that only train.
- `dropout`: 200,000 rows with dropout and without.
- `many-tasks`: a step of 256 binary tasks beside only the products of their heads.

The second part is the curves: an epoch by the number of members that train together
(`members`), the memory of a process by the number of members (`memory`), and a step by
the number of tasks (`tasks`). There this package computes each task's accuracy and AUC,
and plain Keras computes no metrics.

The compared ways take turns in one process, on two cores if the system can bind a
process to cores. The numbers are medians. A peer that is not installed is left out, and
the command that installs it is printed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.check_flags import absent_packages, whole_number, whole_numbers
from benchmarks.speed_ratios import COMPARISONS, PYTORCH, Comparison, measure
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError, did_you_mean

__all__ = ["FLAGS", "main"]

SUMMARY = """Measure training beside JAX, plain Keras and PyTorch: one model, members
that train together, dropout, and many tasks.
"""
CURVES = ("members", "memory", "tasks")
FLAGS = (
    Flag("--only", "only", "Measure these alone.", form="list", metavar="NAME,..."),
    Flag("--members", "members", "Numbers of members.", form="list", metavar="1,8"),
    Flag("--memory", "memory", "The same, for memory.", form="list", metavar="1,32"),
    Flag("--tasks", "tasks", "Numbers of tasks.", form="list", metavar="1,16"),
    Flag("--keras-up-to", "keras", "Plain Keras's most tasks.", metavar="N"),
    Flag("--weighting", "weighting", "How tasks are combined.", metavar="NAME"),
    Flag("--rounds", "rounds", "The turns that each way gets; 5.", metavar="N"),
    Flag("--plot", "plot", "Draw the curves into a file.", metavar="PNG"),
)
MEMBERS = (1, 8, 32, 128, 512)
MEMORY = (1, 32, 128, 512)
TASKS = (1, 4, 16, 64, 256)
# With 256 tasks, the first epoch of plain Keras takes minutes.
KERAS_UP_TO = 64
BATCH_SIZE = 32
MEMBER_EPOCHS = 30
THREADS = 2


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.training_speed", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], errors: list[str]) -> None:
    known = [*COMPARISONS, *CURVES]
    only = values.get("only", known)
    errors += [
        f"--only: no measurement is named {name!r}. Expected some of "
        f"{', '.join(known)}.{did_you_mean(name, known)}"
        for name in only
        if name not in known
    ]
    members = whole_numbers("--members", values.get("members", MEMBERS), errors)
    memory = whole_numbers("--memory", values.get("memory", MEMORY), errors)
    tasks = whole_numbers("--tasks", values.get("tasks", TASKS), errors)
    most = whole_number("--keras-up-to", values.get("keras", KERAS_UP_TO), errors)
    rounds = whole_number("--rounds", values.get("rounds", 5), errors)
    plot = Path(values["plot"]) if "plot" in values else None
    if plot is not None and not plot.absolute().parent.is_dir():
        errors.append(f"--plot: expected a file in an existing folder; {plot}.")
    if plot is not None and not {"members", "tasks"} <= set(only):
        errors.append("--plot: expected `members` and `tasks` to be measured.")
    if errors:
        raise UserError(*errors)
    _prepare_process()
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    found = _compare(
        [COMPARISONS[name] for name in only if name in COMPARISONS], rounds, console
    )
    pytorch = next(
        (times[PYTORCH] for times in found.values() if PYTORCH in times), None
    )
    spans, costs = {}, None
    from benchmarks import training_tables as tables

    if "members" in only:
        from benchmarks.keras_fits import member_epochs

        spans = {
            count: member_epochs(count, BATCH_SIZE, MEMBER_EPOCHS) for count in members
        }
        console.print(tables.members(spans, pytorch))
    if "memory" in only:
        from benchmarks.member_memory import peak_memory

        console.print(tables.memory({count: peak_memory(count) for count in memory}))
    if "tasks" in only:
        from benchmarks.task_fits import task_times

        costs = task_times(tasks, most, rounds, values.get("weighting", "sum"))
        console.print(tables.tasks(costs))
    if found:
        console.print(tables.ratios(found))
    if plot is not None and costs is not None:
        from benchmarks.training_curves import draw_curves

        draw_curves(plot, spans, pytorch, costs)
        console.print(f"Written: {plot}")


def _compare(
    comparisons: list[Comparison], rounds: int, console: Console
) -> dict[Comparison, dict[str, float]]:
    """Measure comparisons, print each as a table, and return all times."""
    from benchmarks.training_tables import ways

    found = {}
    for comparison in comparisons:
        for message in absent_packages(*comparison.packages):
            # Text in brackets is not markup.
            console.print(
                f"Left out of {comparison.name}: {message}",
                markup=False,
                soft_wrap=True,
            )
        found[comparison] = measure(comparison, rounds)
        console.print(ways(comparison, found[comparison]))
    return found


def _prepare_process() -> None:
    """Bind this process to two cores, and all libraries to the processor."""
    # Each library makes as many threads as it can use cores.
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:THREADS])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""


if __name__ == "__main__":
    sys.exit(main())
