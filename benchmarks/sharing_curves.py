"""The plot of `python -m benchmarks.architectures`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sharing_problems import SharingProblem
from benchmarks.sharing_scores import ArchitectureScores
from keras_mtl.report.figures import COLORS, write_figure

__all__ = ["draw_relatedness"]

COLUMNS = 4


def draw_relatedness(
    path: Path, problem: SharingProblem, scores: Mapping[str, ArchitectureScores]
) -> None:
    """Draw the gain over single-task networks by the correlation of the tasks.

    Each architecture has one panel, with its curve and the curve of hard sharing. A
    point is the mean over seeds, and a band is the standard deviation over seeds.

    Args:
        path: The path of the picture.
        problem: The generated tasks, whose groups are numbers.
        scores: The scores by architecture, including `single-task` and `hard-sharing`.
    """
    shown = [name for name in scores if name not in ("single-task", "hard-sharing")]
    rows = -(-max(len(shown), 1) // COLUMNS)

    def draw(figure: Any) -> None:
        grid = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
        axes = list(grid.flat)
        for each, name in zip(axes, shown, strict=False):
            each.axhline(0, color="black", linewidth=0.8)
            _curve(each, problem, scores, "hard-sharing", "#888888")
            _curve(each, problem, scores, name, COLORS[0])
            each.set_title(name, fontsize=10)
        for each in axes[len(shown) :]:
            each.set_axis_off()
        figure.supxlabel("correlation of the tasks' true functions")
        figure.supylabel("skill less that of single-task")
        figure.suptitle(
            "Blue: the architecture, gray: hard sharing; bands: standard deviation "
            f"over {len(set(problem.seeds))} seeds",
            fontsize=10,
        )

    write_figure(path, (10.0, 2.3 * rows + 0.6), draw)


def _curve(
    axes: Any,
    problem: SharingProblem,
    scores: Mapping[str, ArchitectureScores],
    name: str,
    color: str,
) -> None:
    groups = np.array(problem.groups)
    gains = scores[name].means - scores["single-task"].means
    related = list(dict.fromkeys(problem.groups))
    means = np.array([gains[groups == group].mean() for group in related])
    spreads = np.array([gains[groups == group].std(ddof=1) for group in related])
    x = [float(group) for group in related]
    axes.fill_between(x, means - spreads, means + spreads, color=color, alpha=0.2)
    axes.plot(x, means, "o-", color=color, markersize=3)
