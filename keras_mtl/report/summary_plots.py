"""The plots of a run of many tasks, with all tasks in a few figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from keras_mtl.report.figures import COLORS, Drawing

__all__ = ["TASKS_WITH_PLOTS", "summary_figures"]

# For more tasks, separate plots are too many to read: drawing four plots for each of
# some hundred tasks takes minutes.
TASKS_WITH_PLOTS = 20


def summary_figures(
    names: Sequence[str],
    history: Mapping[str, np.ndarray],
    metrics: Mapping[str, Mapping[str, float]],
) -> dict[str, Drawing]:
    """Return the learning curves and the metrics of all tasks as two drawings.

    Args:
        names: The tasks' names.
        history: See `write_plots`.
        metrics: The metrics on the held-out rows by task name.
    """
    figures: dict[str, Drawing] = {}
    # A solved architecture has no epochs.
    if any(f"{name}_loss" in history for name in names):
        figures["learning_curves"] = Drawing(
            (5.2, 4.2),
            lambda figure: _draw_curves(figure, names, history),
            f"Losses of {len(names)} tasks over the epochs",
        )
    columns = _columns(names, metrics)
    if columns:
        figures["metrics"] = Drawing(
            (5.2, 1.0 + 2.4 * len(columns)),
            lambda figure: _draw_metrics(figure, columns),
            f"Metrics of {len(names)} tasks on held-out rows, in rising order",
        )
    return figures


def _draw_curves(
    figure: Figure, names: Sequence[str], history: Mapping[str, np.ndarray]
) -> None:
    axes = figure.add_subplot()
    for (prefix, label), color in zip(
        (("", "training"), ("val_", "validation")), COLORS, strict=False
    ):
        losses = [
            _mean_of_members(history[f"{prefix}{name}_loss"])
            for name in names
            if f"{prefix}{name}_loss" in history
        ]
        if not losses:
            continue
        # Losses of different kinds have different units, so each is divided by its
        # first value.
        relative = np.stack(losses) / np.maximum(np.abs(losses)[:, :1], 1e-12)
        epochs = np.arange(1, relative.shape[1] + 1)
        low, middle, high = np.nanquantile(relative, (0.1, 0.5, 0.9), axis=0)
        axes.fill_between(epochs, low, high, color=color, alpha=0.2, linewidth=0)
        axes.plot(
            epochs,
            middle,
            color=color,
            marker="o" if len(epochs) == 1 else None,
            label=f"{label}: median, 10% to 90%",
        )
    axes.set(
        title=f"loss of {len(names)} tasks",
        xlabel="epoch",
        ylabel="loss, of that after the first epoch",
    )
    axes.legend()


def _mean_of_members(values: np.ndarray) -> np.ndarray:
    """Average the members that still trained in each epoch."""
    members = np.reshape(values, (len(values), -1))
    counts = np.maximum((~np.isnan(members)).sum(axis=1), 1)
    return np.nansum(members, axis=1) / counts


def _columns(
    names: Sequence[str], metrics: Mapping[str, Mapping[str, float]]
) -> dict[str, list[tuple[float, str]]]:
    """Return the values of each metric with the tasks' names, in ascending order."""
    columns: dict[str, list[tuple[float, str]]] = {}
    for name in names:
        for metric, value in metrics.get(name, {}).items():
            if metric != "rows" and np.isfinite(value):
                columns.setdefault(metric, []).append((float(value), name))
    return {metric: sorted(values) for metric, values in columns.items()}


def _draw_metrics(
    figure: Figure, columns: Mapping[str, list[tuple[float, str]]]
) -> None:
    all_axes = np.ravel(figure.subplots(len(columns), 1))
    for axes, (metric, values) in zip(all_axes, columns.items(), strict=True):
        heights = [value for value, _ in values]
        axes.plot(heights, color=COLORS[0], marker=".", markersize=3)
        (lowest, worst), (highest, best) = values[0], values[-1]
        axes.set(
            title=f"{metric.replace('_', ' ')} on held-out rows, {len(values)} tasks",
            xlabel=f"{lowest:.3f} {worst}   ...   {highest:.3f} {best}",
            xticks=[],
        )
        axes.axhline(np.median(heights), color="0.7", linestyle=":")
