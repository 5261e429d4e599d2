"""What a solved architecture found: weights, clusters, and the path of strengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_mtl.architectures.solved import Solution
from keras_mtl.report.document import Block, KeyValues, Section, Table
from keras_mtl.report.figures import COLORS, Drawing
from keras_mtl.report.page_figures import PageFigures

__all__ = ["path_drawing", "solution_section"]

# More columns than these make no table that anybody reads; weights.csv has all.
MOST_OUTPUTS = 24
MOST_FEATURES = 300


def solution_section(solution: Solution | None, figures: PageFigures) -> list[Section]:
    """Makes the section on what was solved for.

    Args:
        solution: What was found; None for an architecture that is trained.
        figures: Draws for the page.

    Returns:
        One section, or none.
    """
    if solution is None:
        return []
    facts: dict[str, Any] = dict(solution.facts)
    clusters = facts.pop("clusters", None)
    blocks: list[Block] = [
        KeyValues({name.replace("_", " "): each for name, each in facts.items()})
    ]
    if isinstance(clusters, Mapping):
        rows = sorted(clusters.items(), key=lambda item: item[1])
        blocks.append(Table("Clusters of the tasks", ("output", "cluster"), rows))
    drawing = path_drawing(solution)
    if drawing is not None:
        values = {name: each.tolist() for name, each in solution.path.items()}
        blocks.append(figures.draw(drawing, values))
    if solution.task_covariance is not None:
        blocks.append(_covariance_table(solution, solution.task_covariance))
    if not solution.features:
        return [Section("Kernel", blocks)]
    sizes = np.abs(solution.weights).max(axis=1)
    order = np.argsort(-sizes, kind="stable")[:MOST_FEATURES]
    outputs = solution.outputs[:MOST_OUTPUTS]
    blocks.append(
        Table(
            "Weights of the features in standard units, the largest first",
            ("feature", *outputs),
            [
                (
                    solution.features[feature],
                    *[
                        # A weight of zero is shown as such, and a small one is not.
                        float(f"{weight:.3g}")
                        for weight in solution.weights[feature, : len(outputs)]
                    ],
                )
                for feature in order
            ],
        )
    )
    return [Section("Weights", blocks)]


def _covariance_table(solution: Solution, covariance: np.ndarray) -> Table:
    names = solution.outputs[:MOST_OUTPUTS]
    return Table(
        "How alike the kernel takes the outputs to be (B)",
        ("output", *names),
        [
            (name, *[float(f"{each:.3g}") for each in row[: len(names)]])
            for name, row in zip(names, covariance, strict=False)
        ],
    )


def path_drawing(solution: Solution) -> Drawing | None:
    """Draws held-out losses and sizes of features' weights along the path.

    Args:
        solution: What was found.

    Returns:
        The drawing; None where the strength was given.
    """
    if not solution.path or solution.path_weights is None:
        return None
    return Drawing(
        (9.0, 3.8),
        lambda figure: _draw(figure, solution),
        "Held-out loss, and the size of each feature's weights, by the strength of "
        "the penalty",
    )


def _draw(figure: Figure, solution: Solution) -> None:
    left, right = figure.subplots(1, 2, sharex=True)
    strengths = solution.path["strength"]
    loss, error = solution.path["held_out_loss"], solution.path["standard_error"]
    left.plot(strengths, loss, color=COLORS[0], linewidth=2)
    left.fill_between(
        strengths, loss - error, loss + error, color=COLORS[0], alpha=0.2, linewidth=0
    )
    left.set(title="mean held-out loss, one standard error", ylabel="loss")
    weights = solution.path_weights
    assert weights is not None
    right.plot(strengths, np.sqrt((weights**2).sum(axis=2)), linewidth=0.9)
    right.set(title="weights of each feature", ylabel="norm over the tasks")
    chosen = float(strengths[np.argmax(solution.path["chosen"])])
    for axes in (left, right):
        _finish(axes, chosen)


def _finish(axes: Axes, chosen: float) -> None:
    axes.axvline(chosen, color=COLORS[1], linewidth=1.2, linestyle="--", label="chosen")
    axes.set(xlabel="strength", xscale="log")
    axes.legend()
