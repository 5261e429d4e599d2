"""Plots of held-out rows for several kinds of tasks.

Each function draws on Matplotlib axes, with the colors of the axes' own cycle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ClassColumns",
    "drawn_classes",
    "plot_calibration",
    "plot_confusion",
    "plot_deviations",
    "plot_precision_recall",
    "plot_predicted",
    "plot_roc",
]

# The size, in inches, of a figure with its legend beside it.
WIDE = 7.5
# The largest number of curves that can be distinguished.
CURVES = 8

# For each class, whether it is the label, and its probability.
ClassColumns = Mapping[str, tuple[np.ndarray, np.ndarray]]


def drawn_classes(columns: ClassColumns) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the classes that occur in some rows but not in all.

    If there are many classes, the most frequent ones are returned.
    """
    defined = {
        name: pair
        for name, pair in columns.items()
        if pair[0].any() and not pair[0].all()
    }
    order = sorted(defined, key=lambda name: -int(defined[name][0].sum()))
    frequent = order[:CURVES]
    return {name: defined[name] for name in defined if name in frequent}


def plot_roc(axes: Axes, task: str, columns: ClassColumns) -> None:
    """Draw one ROC curve per class."""
    from sklearn.metrics import roc_auc_score, roc_curve

    for name, (truth, probability) in columns.items():
        false, true, _ = roc_curve(truth, probability)
        label = f"{name} AUC {roc_auc_score(truth, probability):.3f}".strip()
        axes.plot(false, true, label=label)
    axes.plot([0, 1], [0, 1], color="0.7", linestyle=":")
    axes.set(
        title=f"{task}: ROC on held-out rows",
        xlabel="false positives' share",
        ylabel="true positives' share",
        aspect="equal",
    )
    _legend(axes, "lower right", len(columns))


def plot_precision_recall(axes: Axes, task: str, columns: ClassColumns) -> None:
    """Draw precision over recall for each class, with the precision of chance."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    for name, (truth, probability) in columns.items():
        precision, recall, _ = precision_recall_curve(truth, probability)
        average = average_precision_score(truth, probability)
        (line,) = axes.plot(
            recall,
            precision,
            drawstyle="steps-post",
            label=f"{name} average {average:.3f}".strip(),
        )
        # The precision of random predictions: the share of the class.
        axes.axhline(truth.mean(), color=line.get_color(), linestyle=":", linewidth=1)
    axes.set(
        title=f"{task}: precision by recall on held-out rows",
        xlabel="recall: share of the class that is found",
        ylabel="precision: share that is right",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
    )
    _legend(axes, "lower left", len(columns))


def plot_calibration(axes: Axes, task: str, columns: ClassColumns) -> None:
    """Draw the observed frequency of each class over its predicted probability."""
    from sklearn.calibration import calibration_curve

    axes.plot([0, 1], [0, 1], color="0.7", linestyle=":")
    for name, (truth, probability) in columns.items():
        # Bins with equal numbers of rows: with few rows, bins of equal width may be
        # empty.
        observed, predicted = calibration_curve(
            truth,
            probability,
            n_bins=min(8, max(2, len(truth) // 20)),
            strategy="quantile",
        )
        axes.plot(predicted, observed, marker="o", label=name or None)
    axes.set(
        title=f"{task}: calibration on held-out rows",
        xlabel="predicted probability",
        ylabel="observed share",
        aspect="equal",
    )
    if len(columns) > 1:
        _legend(axes, "upper left", len(columns))


def plot_confusion(
    axes: Axes,
    task: str,
    names: Sequence[str],
    labels: np.ndarray,
    predictions: np.ndarray,
) -> None:
    """Draw the counts of rows by their class and their prediction.

    Args:
        axes: The Matplotlib axes.
        task: The task's name.
        names: The names of the classes.
        labels: The rows' class indices, (N,), NaN where missing.
        predictions: The predicted class indices, (N,).
    """
    known = ~np.isnan(labels)
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (labels[known].astype(int), predictions[known]), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    # A font size that fits the cells of many classes.
    size = min(10.0, max(3.0, 100 / len(names)))
    for row in range(len(names)):
        for column in range(len(names)):
            axes.text(
                column,
                row,
                str(counts[row, column]),
                ha="center",
                va="center",
                fontsize=size,
                color="white" if shares[row, column] > 0.5 else "black",
            )
    ticks = np.arange(len(names))
    steep = 20 if len(names) <= 6 else 90
    axes.set_xticks(ticks, names, rotation=steep, ha="right", fontsize=size)
    axes.set_yticks(ticks, names, fontsize=size)
    axes.set(
        title=f"{task}: rows by label and prediction, held out",
        xlabel="prediction",
        ylabel="label (shaded by its share)",
    )


def plot_predicted(
    axes: Axes, task: str, labels: np.ndarray, values: np.ndarray
) -> None:
    """Draw predicted numbers over the labels, none of which may be missing."""
    axes.scatter(labels, values, s=12, alpha=0.6, edgecolors="none")
    low, high = min(labels.min(), values.min()), max(labels.max(), values.max())
    axes.plot([low, high], [low, high], color="0.7", linestyle=":")
    axes.set(title=f"{task}: held-out rows", xlabel="label", ylabel="prediction")


def plot_deviations(
    axes: Axes, task: str, errors: np.ndarray, deviations: np.ndarray
) -> None:
    """Draw errors over their predicted standard deviations."""
    axes.scatter(deviations, errors, s=12, alpha=0.6, edgecolors="none")
    reach = np.array([0.0, float(deviations.max(initial=0.0)) * 1.05])
    for count, style in ((1, "-"), (2, ":")):
        for sign in (-1, 1):
            label = f"{count} deviation{'s' if count > 1 else ''}" if sign > 0 else None
            axes.plot(
                reach, sign * count * reach, color="0.6", linestyle=style, label=label
            )
    axes.set(
        title=f"{task}: held-out rows",
        xlabel="predicted standard deviation",
        ylabel="prediction less label",
    )
    axes.legend(loc="upper left", framealpha=0.6)


def _legend(
    axes: Axes, place: Literal["lower left", "lower right", "upper left"], entries: int
) -> None:
    """Add a legend, outside of the axes if it would hide the curves."""
    from matplotlib.figure import Figure

    if entries <= 4:
        axes.legend(loc=place, framealpha=0.6)
    else:
        figure = axes.figure
        assert isinstance(figure, Figure)
        figure.set_figwidth(WIDE)
        figure.legend(loc="outside right upper", fontsize="small")
