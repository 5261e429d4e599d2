"""A plot of the conflict between the tasks' gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_mtl.report.figures import COLORS, Drawing, logarithmic, write_figure

__all__ = ["conflict_figure", "write_conflict_plot"]

# The largest number of curves that can be distinguished.
CURVES = len(COLORS)


def write_conflict_plot(
    path: Path, names: Sequence[str], history: Mapping[str, np.ndarray]
) -> None:
    """Draw the cosines, conflicts, gradient norms and task weights per epoch.

    If there are many tasks, only the pairs with the lowest cosines and the tasks with
    the largest gradients are drawn. No file is written for a single task, or if
    conflicts were not recorded.

    Args:
        path: The PNG file.
        names: The tasks' names.
        history: Values by column name, of shape (epochs,) or (epochs, members), NaN
            after a member has stopped. The columns are those of
            `keras_mtl.analysis.conflict_columns`.
    """
    figure = conflict_figure(names, history)
    if figure is not None:
        write_figure(path, figure.size, figure.draw)


def conflict_figure(
    names: Sequence[str], history: Mapping[str, np.ndarray]
) -> Drawing | None:
    """Return the drawing that `write_conflict_plot` writes.

    Args:
        names: The tasks' names.
        history: See `write_conflict_plot`.

    Returns:
        The drawing, or None without data to draw.
    """
    pairs = [f"{one}_{other}" for one, other in combinations(names, 2)]
    if not pairs or f"{pairs[0]}_cosine" not in history:
        return None
    pairs = _first(pairs, "cosine", history, 1)
    tasks = _first(list(names), "gradient_norm", history, -1)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(2, 2, sharex=True).ravel()
        _curves(axes[0], pairs, "cosine", history)
        axes[0].axhline(0, color="0.6", linewidth=1)
        axes[0].set(title="cosine of two tasks' gradients")
        axes[0].set_ylim(-1.05, 1.05)
        _curves(axes[1], pairs, "conflict", history)
        axes[1].set(title="share of steps with a negative cosine")
        axes[1].set_ylim(-0.05, 1.05)
        _curves(axes[2], tasks, "gradient_norm", history)
        axes[2].set(title="norm of a task's gradient", xlabel="epoch")
        _fit_scale(axes[2])
        _curves(axes[3], tasks, "weight", history)
        axes[3].set(title="weight in force", xlabel="epoch")
        axes[3].set_ylim(bottom=min(0.0, axes[3].get_ylim()[0]))

    return Drawing(
        (9.6, 6.8), draw, "How the gradients of the tasks agree, over the epochs"
    )


def _fit_scale(axes: Axes) -> None:
    """Use a logarithmic scale for norms of very different sizes, or start at 0."""
    low, high = axes.dataLim.intervaly
    if 0 < 10 * low < high:
        logarithmic(axes, "y")
    else:
        axes.set_ylim(bottom=0)


def _first(
    names: Sequence[str], what: str, history: Mapping[str, np.ndarray], sense: int
) -> list[str]:
    """Return the names with the lowest means (the highest, if `sense` is -1).

    The names keep their order.
    """
    values = {name: history[f"{name}_{what}"] for name in names}
    # A pair without a known cosine comes last.
    means = {
        name: sense * np.nanmean(each) if np.isfinite(each).any() else np.inf
        for name, each in values.items()
    }
    chosen = sorted(names, key=means.__getitem__)[:CURVES]
    return [name for name in names if name in chosen]


def _curves(
    axes: Axes, names: Sequence[str], what: str, history: Mapping[str, np.ndarray]
) -> None:
    for name, color in zip(names, COLORS, strict=False):
        values = history[f"{name}_{what}"]
        members = np.reshape(values, (len(values), -1))
        epochs = np.arange(1, len(members) + 1)
        if members.shape[1] > 1:
            axes.plot(epochs, members, color=color, linewidth=0.6, alpha=0.25)
        # Only while all members train, since a mean over fewer members would jump.
        whole = ~np.isnan(members).any(axis=1)
        axes.plot(
            epochs[whole],
            members[whole].mean(axis=1),
            color=color,
            linewidth=2,
            marker="o" if whole.sum() == 1 else None,
            label=name.replace("_", " "),
        )
    axes.legend(fontsize="small", framealpha=0.6)
