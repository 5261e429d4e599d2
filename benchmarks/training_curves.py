"""The plot of `python -m benchmarks.training_speed`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.task_fits import TaskTimes
from keras_mtl.report.figures import COLORS, write_figure

__all__ = ["draw_curves"]


def draw_curves(
    path: Path,
    spans: dict[int, tuple[float, float]],
    pytorch: float | None,
    costs: TaskTimes,
) -> None:
    """Draw times by the number of members and of tasks, side by side.

    Args:
        path: The path of the picture.
        spans: See `benchmarks.training_tables.members`.
        pytorch: The milliseconds of an epoch of the PyTorch loop, if measured.
        costs: The times by the number of tasks.
    """

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        each = [milliseconds / count for count, (milliseconds, _) in spans.items()]
        left.loglog(list(spans), each, "o-", color=COLORS[0], label="keras_mtl")
        if pytorch is not None:
            left.axhline(pytorch, color=COLORS[1], label="PyTorch loop")
        left.set(
            xlabel="members trained together",
            ylabel="an epoch of one member, ms",
            title="736 rows, batches of 32",
        )
        labels = {"ours": "keras_mtl", "Keras": "plain Keras", "products": "products"}
        for color, (way, label) in zip(COLORS, labels.items(), strict=False):
            known = {n: t for (which, n), t in costs.steps.items() if which == way}
            right.loglog(
                *zip(*sorted(known.items()), strict=True),
                "o-",
                color=color,
                label=label,
            )
        right.set(xlabel="tasks", ylabel="a step, ms", title="batches of 256")
        left.legend()
        right.legend()

    write_figure(path, (9.0, 3.6), draw)
