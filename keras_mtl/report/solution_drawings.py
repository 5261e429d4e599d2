"""Figures of a solved architecture."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_mtl.architectures.solved import Solution
from keras_mtl.report.figures import COLORS, Drawing, logarithmic

__all__ = ["covariance_drawing", "length_drawing", "path_drawing", "solution_drawings"]

# The largest number of outputs in a readable figure.
MOST_CELLS = 24
MOST_LENGTHS = 40
HELD_OUT = "_held_out_loss"


def solution_drawings(solution: Solution | None) -> dict[str, Drawing]:
    """Return the drawings of a solution, by the names of their files.

    Args:
        solution: The solution; None for a trained architecture.
    """
    if solution is None:
        return {}
    found = {
        "strength_path": path_drawing(solution),
        "task_covariance": covariance_drawing(solution),
        "length_scales": length_drawing(solution),
    }
    return {name: each for name, each in found.items() if each is not None}


def path_drawing(solution: Solution) -> Drawing | None:
    """Draw held-out losses along the path of strengths, with weights or task losses.

    Beside the mean loss, the figure shows the sizes of the features' weights, or the
    losses of the tasks if features have no weights.

    Args:
        solution: The solution.

    Returns:
        The drawing; None if the strength was given.
    """
    if not solution.path:
        return None
    if solution.path_weights is None:
        caption = "Held-out loss, of all tasks and of each, by the strength"
    else:
        caption = (
            "Held-out loss, and the size of each feature's weights, by the strength "
            "of the penalty"
        )
    return Drawing((9.0, 3.8), partial(_draw_path, solution=solution), caption)


def _draw_path(figure: Figure, solution: Solution) -> None:
    left, right = figure.subplots(1, 2, sharex=True)
    strengths = solution.path["strength"]
    loss, error = solution.path["held_out_loss"], solution.path["standard_error"]
    left.plot(strengths, loss, color=COLORS[0], linewidth=2)
    left.fill_between(
        strengths, loss - error, loss + error, color=COLORS[0], alpha=0.2, linewidth=0
    )
    left.set(title="mean held-out loss, one standard error", ylabel="loss")
    if solution.path_weights is None:
        right.set_prop_cycle(color=COLORS)
        for name, losses in solution.path.items():
            if name.endswith(HELD_OUT):
                right.plot(strengths, losses, label=name.removesuffix(HELD_OUT))
        right.set(title="held-out loss of each task", ylabel="loss")
    else:
        right.plot(
            strengths, np.sqrt((solution.path_weights**2).sum(axis=2)), linewidth=0.9
        )
        right.set(title="weights of each feature", ylabel="norm over the tasks")
    chosen = float(strengths[np.argmax(solution.path["chosen"])])
    for axes in (left, right):
        _finish(axes, chosen)


def _finish(axes: Axes, chosen: float) -> None:
    axes.axvline(chosen, color=COLORS[1], linewidth=1.2, linestyle="--", label="chosen")
    axes.set(xlabel="strength")
    logarithmic(axes, "x")
    axes.legend()


def covariance_drawing(solution: Solution) -> Drawing | None:
    """Draw the correlations between outputs in a kernel.

    Args:
        solution: The solution.

    Returns:
        The drawing; None without a kernel, for one output, and for very many outputs.
    """
    covariance = solution.task_covariance
    if covariance is None or not 1 < len(solution.outputs) <= MOST_CELLS:
        return None
    sizes = np.sqrt(np.diagonal(covariance))
    alike = covariance / np.maximum(np.outer(sizes, sizes), 1e-300)
    side = 2.0 + 0.5 * len(alike)
    return Drawing(
        (max(5.2, side + 1.0), max(3.6, side)),
        partial(_draw_alike, names=solution.outputs, alike=alike),
        "Similarity of the outputs under the kernel: the correlations of B",
    )


def _draw_alike(figure: Figure, names: tuple[str, ...], alike: np.ndarray) -> None:
    axes = figure.add_subplot()
    axes.imshow(alike, cmap="PuOr", vmin=-1.4, vmax=1.4)
    for (row, column), value in np.ndenumerate(alike):
        axes.text(
            column,
            row,
            f"{value:.2f}",
            ha="center",
            va="center",
            fontsize="small",
            color="black" if abs(value) < 0.8 else "white",
        )
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(title="correlations of B")


def length_drawing(solution: Solution) -> Drawing | None:
    """Draw the length scales of the features in a kernel.

    Args:
        solution: The solution.

    Returns:
        The drawing; None if all features have the same length scale.
    """
    lengths = solution.facts.get("length_scales")
    if not lengths:
        return None
    order = sorted(lengths, key=lengths.__getitem__)[:MOST_LENGTHS]
    relevance = [1.0 / lengths[name] for name in order]
    return Drawing(
        (6.5, 1.2 + 0.25 * len(order)),
        partial(_draw_lengths, names=order, relevance=relevance),
        "Relevance of features for the kernel: 1 / length scale, in standard units",
    )


def _draw_lengths(figure: Figure, names: list[str], relevance: list[float]) -> None:
    axes = figure.add_subplot()
    places = np.arange(len(names))
    axes.barh(places, relevance, color=COLORS[0])
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set(xlabel="1 / length scale", title="relevance of the features")
