"""The plots of the study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_mtl.report.figures import COLORS, write_figure
from studies.activation_study import ActivationStudy
from studies.study_tables import ARTICLE, scores

__all__ = ["write_study_plots"]

BLUE, ORANGE, GREEN, PINK, YELLOW, SKY = COLORS
GREY = "0.6"
# The main activations of the study have strong colors; names identify the others.
STRONG = {"leaky_relu": BLUE, "none": ORANGE, "relu": GREEN, "linear_regression": PINK}
GRID_POINTS = 400
COLUMNS = 4


def write_study_plots(folder: Path, study: ActivationStudy) -> None:
    """Write curves.png, learning_curves.png and scores.png into a folder."""
    panels = len(study.results) + 1
    lines = -(-panels // COLUMNS)
    write_figure(
        folder / "curves.png",
        (3.0 * min(COLUMNS, panels), 2.3 * lines + 0.5),
        lambda figure: _curves(figure, study, lines),
    )
    write_figure(
        folder / "learning_curves.png",
        (7.2, 4.8),
        lambda figure: _learning_curves(figure.add_subplot(), study),
    )
    write_figure(
        folder / "scores.png",
        (7.2, 0.36 * panels + 1.4),
        lambda figure: _bars(figure.add_subplot(), study),
    )


def _curves(figure: Figure, study: ActivationStudy, lines: int) -> None:
    rows = study.rows
    x = np.linspace(rows.x.min(), rows.x.max(), GRID_POINTS)
    answers = {name: list(curves) for name, curves in study.answers(x).items()}
    answers["linear_regression"] = [np.polyval(study.line, x)]
    found, best = scores(study), rows.best_answers(x)
    names = sorted(answers, key=lambda name: -found[name]["r2"]["mean"])
    grid = figure.subplots(
        lines,
        min(COLUMNS, len(names)),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    low, high = rows.y.min(), rows.y.max()
    margin = 0.05 * (high - low)
    for name, axes in zip(names, grid.flat, strict=False):
        axes.scatter(*rows.test, s=4, color="0.8", edgecolors="none")
        for curve in answers[name]:
            axes.plot(x, curve, color=STRONG.get(name, "0.25"), linewidth=1.1)
        if best is not None:
            axes.plot(x, best, color="black", linewidth=0.9, linestyle=":")
        axes.set_title(
            f"{name.replace('_', ' ')}: R2 {found[name]['r2']['mean']:.3f}", fontsize=9
        )
        axes.set_ylim(low - margin, high + margin)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    told = f"{study.settings.seeds} networks each over the test rows"
    figure.suptitle(
        told if best is None else f"{told}; dotted: the curve without its noise",
        fontsize=10,
    )
    figure.supxlabel("x", fontsize=9)
    figure.supylabel("y", fontsize=9)


def _learning_curves(axes: Axes, study: ActivationStudy) -> None:
    ends = {}
    for name, result in study.results.items():
        curve = result.test_curve.mean(axis=1)
        color = STRONG.get(name, GREY)
        axes.plot(
            study.epochs, curve, color=color, linewidth=2 if name in STRONG else 1
        )
        ends[name] = curve[-1]
    variance = float(np.var(study.rows.test[1]))
    noise = variance * (1 - study.rows.ceiling)
    axes.axhline(noise, color="black", linestyle=":", linewidth=1)
    axes.axhline(study.line_mse, color=STRONG["linear_regression"], linestyle="--")
    axes.set_yscale("log")
    axes.set_ylim(0.8 * noise, 3 * variance)
    axes.set_yticks(
        ticks := [tick for tick in (0.1, 0.2, 0.5, 1, 2) if tick > 0.8 * noise],
        [f"{tick:g}" for tick in ticks],
    )
    axes.minorticks_off()
    ends["linear_regression"] = study.line_mse
    ends["ceiling: noise alone"] = noise
    _label_ends(axes, ends, study.settings.epochs)
    axes.set(
        title=f"Error on the test rows, mean of {study.settings.seeds} networks",
        xlabel="epoch",
        ylabel="mean squared error",
    )
    axes.set_xlim(0, study.settings.epochs)


def _label_ends(axes: Axes, ends: dict[str, float], epoch: int) -> None:
    """Write names beside the curves' ends, moved apart if they would overlap."""
    low, high = np.log(axes.get_ylim())
    gap = (high - low) / 22
    place = low - gap
    for name, value in sorted(ends.items(), key=lambda end: end[1]):
        place = max(float(np.log(value)), place + gap)
        axes.annotate(
            name.replace("_", " "),
            (epoch, value),
            xytext=(1.03, (place - low) / (high - low)),
            textcoords="axes fraction",
            fontsize=8,
            va="center",
            color=STRONG.get(name, "black"),
            arrowprops={"arrowstyle": "-", "color": "0.8", "linewidth": 0.6},
            annotation_clip=False,
        )


def _bars(axes: Axes, study: ActivationStudy) -> None:
    found = scores(study)
    names = sorted(found, key=lambda name: found[name]["r2"]["mean"])
    for place, name in enumerate(names):
        mean, std = found[name]["r2"]["mean"], found[name]["r2"]["std"]
        axes.barh(
            place,
            mean,
            xerr=std or None,
            color=STRONG.get(name, "0.7"),
            error_kw={"elinewidth": 1, "capsize": 2},
        )
        axes.text(1.01, place, f"{mean:.3f}", va="center", fontsize=9)
        if name in ARTICLE:
            axes.plot(
                ARTICLE[name][1],
                place,
                marker="D",
                color="black",
                markersize=5,
                linestyle="none",
                label="the article's, on its own data" if name == "none" else None,
            )
    axes.axvline(
        study.rows.ceiling, color="black", linestyle=":", label="ceiling: the noise"
    )
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    lowest = min(found[name]["r2"]["mean"] for name in names)
    axes.set_xlim(min(0.0, lowest - 0.05), 1.0)
    axes.set(
        title=f"R2 on the test rows, mean and spread of {study.settings.seeds}",
        xlabel="R2",
    )
    axes.legend(loc="lower right", fontsize=8)
