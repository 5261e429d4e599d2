"""The tables of `python -m benchmarks.training_speed`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from benchmarks.task_fits import TaskTimes

__all__ = ["members", "memory", "one_model", "tasks"]


def one_model(times: dict[str, float]) -> Table:
    """A row a way to train: milliseconds an epoch, by the way's name."""
    table = _table(
        "An epoch of 736 rows in batches of 32", "ms", "of PyTorch's", "of Keras's"
    )
    for name, time in times.items():
        shares = [time / times[way] for way in ("PyTorch loop", "plain Keras fit")]
        table.add_row(name, f"{time:.2f}", *map(_share, shares))
    return table


def members(spans: dict[int, tuple[float, float]], pytorch: float) -> Table:
    """A row a number of members.

    Args:
        spans: By that number the milliseconds of an epoch of all, and the
            seconds until the first was over.
        pytorch: The milliseconds of an epoch of the PyTorch loop.
    """
    headings = ("an epoch of all, ms", "of one, ms", "of PyTorch's", "first epoch, s")
    table = _table("Members trained together", *headings)
    for count, (milliseconds, first) in spans.items():
        share = _share(milliseconds / count / pytorch)
        cells = (f"{milliseconds:.1f}", f"{milliseconds / count:.2f}", share)
        table.add_row(str(count), *cells, f"{first:.1f}")
    return table


def memory(peaks: dict[int, float]) -> Table:
    """A row a number of members: the megabytes of a process, by that number.

    What each member adds is by the row before.
    """
    table = _table("Peak memory of a process that trains members", "MB", "MB a member")
    before: tuple[int, float] | None = None
    for count, peak in peaks.items():
        added = "-"
        if before is not None:
            added = f"{(peak - before[1]) / (count - before[0]):.2f}"
        table.add_row(str(count), f"{peak:.0f}", added)
        before = count, peak
    return table


def tasks(times: TaskTimes) -> Table:
    """A row a number of tasks, with ratios to one task."""
    headings = ("Keras, ms a step", "keras_mtl", "of its 1 task", "of Keras's 1")
    others = ("products, ms", "Keras, first epoch, s", "keras_mtl, s")
    table = _table("Tasks, batches of 256 rows", *headings, *others)
    steps, first = times.steps, times.first

    def cell(found: dict, key: tuple[str, int]) -> str:
        return f"{found[key]:.2f}" if key in found else "-"

    for count in times.counts:
        ours = steps["ours", count]
        ratios = [f"{ours / steps[way, 1]:.1f} x" for way in ("ours", "Keras")]
        table.add_row(
            str(count),
            cell(steps, ("Keras", count)),
            f"{ours:.2f}",
            *ratios,
            cell(steps, ("products", count)),
            cell(first, ("Keras", count)),
            cell(first, ("ours", count)),
        )
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _share(value: float) -> str:
    return f"{value:.1f}" if value >= 1 else f"1/{1 / value:.1f}"
