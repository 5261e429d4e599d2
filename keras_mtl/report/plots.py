"""The pictures of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_mtl.report.conflict_plot import write_conflict_plot
from keras_mtl.report.figures import COLORS, write_figure
from keras_mtl.report.summary_plots import TASKS_WITH_PLOTS, write_summary_plots
from keras_mtl.tasks import Task

__all__ = ["write_plots"]


def write_plots(
    folder: Path,
    tasks: tuple[Task, ...],
    history: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
    metrics: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Writes a run's plots as PNG files.

    More than `TASKS_WITH_PLOTS` tasks are drawn together, not each by itself.

    Args:
        folder: Where to; it is made.
        tasks: The tasks.
        history: By column name the values of the epochs, of shape (epochs,) or
            (epochs, members), NaN where a member had stopped.
        labels: By task name the held-out rows' encoded labels.
        outputs: By task name the model's outputs on these rows.
        metrics: By task name the metrics on these rows, for the summary of many
            tasks.
    """
    folder.mkdir(parents=True)
    names = [task.name for task in tasks]
    write_conflict_plot(folder / "gradient_conflict.png", names, history)
    if len(tasks) > TASKS_WITH_PLOTS:
        write_summary_plots(folder, names, history, metrics or {})
        return
    for task in tasks:
        _write(folder / f"{task.name}_learning_curve.png", _curve, task, history)
        for suffix, draw in task.plots(labels[task.name], outputs[task.name]).items():
            _write(folder / f"{task.name}_{suffix}.png", draw)


def _write(path: Path, draw: Callable[..., None], *arguments: Any) -> None:
    def draw_on(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_prop_cycle(color=COLORS)
        draw(axes, *arguments)

    write_figure(path, (5.2, 4.2), draw_on)


def _curve(axes: Axes, task: Task, history: Mapping[str, np.ndarray]) -> None:
    for (prefix, what), color in zip(
        (("", "training"), ("val_", "validation")), COLORS, strict=False
    ):
        values = history.get(f"{prefix}{task.name}_loss")
        if values is None:
            continue
        members = np.reshape(values, (len(values), -1))
        epochs = np.arange(1, len(members) + 1)
        if members.shape[1] > 1:
            axes.plot(epochs, members, color=color, linewidth=0.7, alpha=0.35)
        # Only while all members train: a mean that loses members jumps.
        whole = ~np.isnan(members).any(axis=1)
        means = members[whole].mean(axis=1)
        axes.plot(epochs[whole], means, color=color, linewidth=2, label=what)
    axes.set(title=f"{task.name}: loss", xlabel="epoch", ylabel="loss")
    axes.set_ylim(bottom=0)
    axes.legend()
