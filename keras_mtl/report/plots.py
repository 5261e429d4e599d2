"""The plots of a run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from keras_mtl.report.conflict_plot import conflict_figure
from keras_mtl.report.figures import COLORS, Drawing, write_figure
from keras_mtl.report.page_figures import axes_drawing
from keras_mtl.report.summary_plots import TASKS_WITH_PLOTS, summary_figures
from keras_mtl.tasks import Task

__all__ = ["CAPTIONS", "run_figures", "write_plots"]

# Titles of the plots of built-in kinds; plots of other kinds use their own names.
CAPTIONS = {
    "calibration": "Reliability: observed shares by predicted probability",
    "confusion": "Confusion of the classes",
    "deviations": "Errors by the standard deviations that were predicted for them",
    "predicted": "Predicted values against labels",
    "roc": "ROC curve",
    "precision_recall": "Precision by recall",
}


def write_plots(
    folder: Path,
    tasks: tuple[Task, ...],
    history: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
    metrics: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Write the plots of a run as PNG files.

    If there are more than `TASKS_WITH_PLOTS` tasks, they are drawn together and not in
    separate plots.

    Args:
        folder: The folder, which is created.
        tasks: The tasks.
        history: Values by column name, of shape (epochs,) or (epochs, members), NaN
            after a member has stopped.
        labels: The encoded labels of the held-out rows by task name.
        outputs: The outputs of the model for these rows by task name.
        metrics: The metrics on these rows by task name, for the summary of many tasks.
    """
    folder.mkdir(parents=True)
    for name, figure in run_figures(tasks, history, labels, outputs, metrics).items():
        write_figure(folder / f"{name}.png", figure.size, figure.draw)


def run_figures(
    tasks: tuple[Task, ...],
    history: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
    metrics: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[str, Drawing]:
    """Return the drawings of a run by name, for files and for the report.

    The arguments are those of `write_plots`. The names begin with the name of the task,
    except for drawings of several tasks.
    """
    figures: dict[str, Drawing] = {}
    names = [task.name for task in tasks]
    conflict = conflict_figure(names, history)
    if conflict is not None:
        figures["gradient_conflict"] = conflict
    if len(tasks) > TASKS_WITH_PLOTS:
        return figures | summary_figures(names, history, metrics or {})
    for task in tasks:
        # A solved architecture has no epochs.
        if f"{task.name}_loss" in history:
            figures[f"{task.name}_learning_curve"] = axes_drawing(
                partial(_curve, task=task, history=history),
                f"Loss of {task.name} over the epochs",
            )
        for suffix, draw in task.plots(labels[task.name], outputs[task.name]).items():
            figures[f"{task.name}_{suffix}"] = axes_drawing(
                draw, f"{CAPTIONS.get(suffix, suffix)} of {task.name} on held-out rows"
            )
    return figures


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
        # Only while all members train, since a mean over fewer members would jump.
        whole = ~np.isnan(members).any(axis=1)
        means = members[whole].mean(axis=1)
        axes.plot(epochs[whole], means, color=color, linewidth=2, label=what)
    axes.set(title=f"{task.name}: loss", xlabel="epoch", ylabel="loss")
    axes.set_ylim(bottom=0)
    axes.legend()
