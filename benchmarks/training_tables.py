"""Tables of `python -m benchmarks.training_speed`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks.speed_ratios import KERAS, PYTORCH, Comparison

if TYPE_CHECKING:
    from benchmarks.task_fits import TaskTimes

__all__ = ["members", "memory", "ratios", "tasks", "ways"]


def ways(comparison: Comparison, times: dict[str, float]) -> Table:
    """Return a table of one row per way of a comparison, with ratios."""
    yardsticks = [name for name in (PYTORCH, KERAS, comparison.peer) if name in times]
    table = _table(
        f"{comparison.title}: {comparison.unit}",
        "ms",
        *[f"/ {name}" for name in yardsticks],
    )
    for name, time in times.items():
        shares = [_share(time / times[yardstick]) for yardstick in yardsticks]
        table.add_row(name, f"{time:.2f}", *shares)
    return table


def ratios(measured: dict[Comparison, dict[str, float]]) -> Table:
    """Return a table of one row per comparison: the ratio to the peer, and the aim."""
    table = _table("Ratios", "ours, ms", "peer's, ms", "ratio", "bound", "aim")
    for comparison, times in measured.items():
        ratio = comparison.ratio_of(times)
        table.add_row(
            f"{comparison.title}\n  {comparison.fraction}",
            f"{times[comparison.ours]:.2f}",
            "-" if ratio is None else f"{times[comparison.peer]:.2f}",
            "-" if ratio is None else f"{ratio:.2f}",
            comparison.goal,
            f"{comparison.aim:g}",
        )
    return table


def members(spans: dict[int, tuple[float, float]], pytorch: float | None) -> Table:
    """Return a table of one row per number of members.

    Args:
        spans: The milliseconds of an epoch of all members, and the seconds until the
            end of the first epoch, by the number of members.
        pytorch: The milliseconds of an epoch of the PyTorch loop, if measured.
    """
    headings = ("an epoch of all, ms", "of one, ms", "of PyTorch's", "first epoch, s")
    table = _table("Members trained together", *headings)
    for count, (milliseconds, first) in spans.items():
        share = "-" if pytorch is None else _share(milliseconds / count / pytorch)
        cells = (f"{milliseconds:.1f}", f"{milliseconds / count:.2f}", share)
        table.add_row(str(count), *cells, f"{first:.1f}")
    return table


def memory(peaks: dict[int, float]) -> Table:
    """Return a table of the megabytes of a process, one row per number of members.

    The memory of one more member is computed from the difference to the previous row.
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
    """Return a table of one row per number of tasks, with ratios to one task."""
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
