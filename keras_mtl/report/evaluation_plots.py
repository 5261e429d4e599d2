"""The plots of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_mtl.evaluation import (
    FeatureImportance,
    PairedDifference,
    PartialDependence,
    reliability_curve,
)
from keras_mtl.report.figures import COLORS, Drawing

__all__ = [
    "dependence_figure",
    "forest_figure",
    "importance_figure",
    "reliability_figure",
]

WIDTH = 5.2
# Worse, the same, better: also distinguishable without seeing red and green.
HURTS, SAME, HELPS = COLORS[1], "#8a8a8a", COLORS[0]
UNSURE = "#808080"
FEATURES_SHOWN = 12
# The largest number of curves that can be distinguished.
CURVES = len(COLORS)


def forest_figure(
    task: str, metric: str, differences: Mapping[str, PairedDifference]
) -> Drawing:
    """Draw the differences to other models with their intervals.

    Beside each interval is a bar with the probabilities that the multi-task
    network is worse, as good, or better.

    Args:
        task: The task's name.
        metric: The metric's title.
        differences: The differences to other models by their titles, with at least two
            splits each.
    """

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        first = next(iter(differences.values()))
        limit = first.equivalence
        left.axvspan(-limit, limit, color="0.5", alpha=0.2, linewidth=0)
        left.axvline(0, color="0.5", linewidth=1)
        for position, found in enumerate(differences.values()):
            # Colored if the interval does not contain 0.
            sure = found.low > 0 or found.high < 0
            color = (HELPS if found.mean > 0 else HURTS) if sure else UNSURE
            left.plot([found.low, found.high], [position] * 2, color=color, linewidth=2)
            left.plot(found.mean, position, marker="o", color=color)
            _draw_shares(
                right, position, (found.hurts, found.no_difference, found.helps)
            )
        left.set_yticks(range(len(differences)), list(differences))
        left.set(
            ylim=(len(differences) - 0.5, -0.5),
            title=f"{task}: gain in {metric}",
            xlabel=f"{first.level:.0%} intervals, above 0: better",
        )
        left.locator_params(axis="x", nbins=4)
        right.set(xlim=(0, 1), xlabel="probability")
        right.set_title("worse, same, better", fontsize="small")
        right.set_xticks([0, 0.5, 1])
        right.tick_params(left=False)

    return Drawing(
        (WIDTH, 1.1 + 0.34 * len(differences)),
        draw,
        f"How much better the multi-task network predicts {task} than other models, "
        f"in {metric}; gray: differences that do not matter",
    )


def _draw_shares(axes: Axes, position: float, shares: Sequence[float]) -> None:
    start = 0.0
    for share, color in zip(shares, (HURTS, SAME, HELPS), strict=True):
        if not math.isfinite(share):
            return
        axes.barh(position, share, left=start, height=0.7, color=color)
        if share >= 0.2:
            axes.text(
                start + share / 2,
                position,
                f"{share:.0%}",
                color="white",
                ha="center",
                va="center",
                fontsize="small",
            )
        start += share


def reliability_figure(
    task: str,
    what: str,
    labels: np.ndarray,
    probabilities: np.ndarray,
    error: Mapping[str, Any] | None = None,
) -> Drawing:
    """Draw observed shares over predicted probabilities, with intervals.

    Args:
        task: The task's name.
        what: The event that the probabilities predict.
        labels: The labels: 0, 1 or NaN, (N,).
        probabilities: The probabilities of the event, (N,).
        error: The fields of a `CalibrationError`.
    """
    curve = reliability_curve(labels, probabilities)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color="0.5", linestyle=":", linewidth=1)
        middle = curve.observed
        axes.errorbar(
            curve.predicted,
            middle,
            # Clipped, since rounding may put a bin's share outside of its interval.
            np.maximum([middle - curve.low, curve.high - middle], 0),
            color=COLORS[0],
            marker="o",
            capsize=2,
            linewidth=1.5,
            elinewidth=1,
        )
        title = f"{task}: reliability"
        if error is not None:
            title += (
                f"\ncalibration error {error['value']:.3f}, by chance alone "
                f"{error['bias']:.3f}"
            )
        axes.set(
            title=title,
            xlabel=f"predicted probability of {what}",
            ylabel="observed share",
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
            aspect="equal",
        )

    return Drawing(
        (WIDTH, 4.4),
        draw,
        f"Reliability of {task}: how often {what} is observed, by its predicted "
        "probability, with 95% intervals",
    )


def importance_figure(
    task: str, metric: str, found: Sequence[FeatureImportance]
) -> Drawing:
    """Draw the most important features of a task.

    Args:
        task: The task's name.
        metric: The metric's title.
        found: The importance of the task's features, the most important first.
    """
    shown = list(found)[:FEATURES_SHOWN]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        heights = [each.importance for each in shown]
        axes.barh(
            range(len(shown)),
            heights,
            xerr=[each.std for each in shown],
            color=[HELPS if height >= 0 else HURTS for height in heights],
            error_kw={"ecolor": "0.5", "elinewidth": 1},
            height=0.7,
        )
        axes.axvline(0, color="0.5", linewidth=1)
        axes.set_yticks(range(len(shown)), [_cut(each.feature) for each in shown])
        axes.set(
            ylim=(len(shown) - 0.4, -0.6),
            title=f"{task}: importance of features",
            xlabel=f"loss of {metric} when the feature is shuffled",
        )

    return Drawing(
        (WIDTH, 1.0 + 0.26 * len(shown)),
        draw,
        f"Importance of features for {task}: by how much {metric} gets worse when "
        "their values are shuffled over held-out rows",
    )


def dependence_figure(
    task: str, names: Sequence[str], found: PartialDependence
) -> Drawing:
    """Draw a task's mean predictions over the values of a feature.

    Args:
        task: The task's name.
        names: The names of the outputs, (units,).
        found: The partial dependence.
    """
    means = found.means[task]
    # If there are many outputs, those that change most.
    change = np.ptp(means, axis=0)
    shown = sorted(np.argsort(-change, kind="stable")[:CURVES].tolist())
    # A few categories are drawn side by side.
    places = np.asarray(
        found.values if found.is_number else range(len(found.values)), "float64"
    )

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for index, color in zip(shown, COLORS, strict=False):
            if len(shown) == 1:
                axes.fill_between(
                    places,
                    found.low[task][:, index],
                    found.high[task][:, index],
                    color=color,
                    alpha=0.2,
                    linewidth=0,
                    label="8 of 10 rows",
                )
            axes.plot(
                places,
                means[:, index],
                color=color,
                linewidth=2,
                marker=None if found.is_number else "o",
                label="mean" if len(shown) == 1 else _cut(names[index]),
            )
        if not found.is_number:
            labels = [_cut(str(value), 14) for value in found.values]
            turned = max(map(len, labels), default=0) * len(labels) > 40
            axes.set_xticks(places, labels, rotation=40 if turned else 0)
        what = names[shown[0]] if len(names) == 1 else ""
        axes.set(
            title=f"{task} by {_cut(found.feature)}",
            xlabel=found.feature,
            ylabel=f"mean prediction{f': {what}' if what else ''}",
        )
        axes.legend(fontsize="small", framealpha=0.6)

    return Drawing(
        (WIDTH, 3.6),
        draw,
        f"Partial dependence of {task} on {found.feature}: the mean prediction if all "
        "rows had the same value",
    )


def _cut(text: str, most: int = 26) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
