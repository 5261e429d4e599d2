"""The pictures of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_mtl.report.conflict_plot import write_conflict_plot
from keras_mtl.report.figures import COLORS, write_figure
from keras_mtl.report.summary_plots import TASKS_WITH_PLOTS, write_summary_plots
from keras_mtl.tasks import BinaryTask, MulticlassTask, MultilabelTask, RegressionTask
from keras_mtl.tasks.task import Task

__all__ = ["write_plots"]

# In inches, of a figure with its legend beside it.
WIDE = 7.5
# More curves can't be told apart.
CURVES = 8


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
        truth, answers = labels[task.name], outputs[task.name]
        if isinstance(task, RegressionTask):
            known = ~np.isnan(truth)
            if known.any():
                pair = truth[known], answers[known, 0]
                _write(folder / f"{task.name}_predicted.png", _predicted, task, *pair)
            continue
        columns = _one_column_a_class(task, truth, answers)
        if columns:
            _write(folder / f"{task.name}_roc.png", _roc, task, columns)
            _write(folder / f"{task.name}_calibration.png", _calibration, task, columns)
        if not isinstance(task, MultilabelTask) and (~np.isnan(truth)).any():
            _write(
                folder / f"{task.name}_confusion.png", _confusion, task, truth, answers
            )


def _write(path: Path, draw: Callable[..., None], *arguments: Any) -> None:
    write_figure(
        path, (5.2, 4.2), lambda figure: draw(figure.add_subplot(), *arguments)
    )


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


def _one_column_a_class(
    task: Task, labels: np.ndarray, outputs: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns for each class whether it is the label, and its probability.

    Of many classes, the most frequent.
    """
    if isinstance(task, MulticlassTask):
        known = ~np.isnan(labels)
        pairs = {
            word: (labels[known] == code, outputs[known, code])
            for code, word in enumerate(task.classes or ())
        }
    else:
        words = [""] if isinstance(task, BinaryTask) else task.label_columns
        matrix = labels.reshape(len(labels), -1)
        pairs = {}
        for code, word in enumerate(words):
            known = ~np.isnan(matrix[:, code])
            pairs[word] = (matrix[known, code] == 1, outputs[known, code])
    drawn = {
        word: pair
        for word, pair in pairs.items()
        if pair[0].any() and not pair[0].all()
    }
    frequent = sorted(drawn, key=lambda word: -int(drawn[word][0].sum()))[:CURVES]
    return {word: drawn[word] for word in drawn if word in frequent}


def _roc(
    axes: Axes, task: Task, columns: dict[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    from sklearn.metrics import roc_auc_score, roc_curve

    for index, (word, (truth, probability)) in enumerate(columns.items()):
        false, true, _ = roc_curve(truth, probability)
        label = f"{word} AUC {roc_auc_score(truth, probability):.3f}".strip()
        axes.plot(false, true, color=COLORS[index % len(COLORS)], label=label)
    axes.plot([0, 1], [0, 1], color="0.7", linestyle=":")
    axes.set(
        title=f"{task.name}: ROC on held-out rows",
        xlabel="false positives' share",
        ylabel="true positives' share",
        aspect="equal",
    )
    _legend(axes, "lower right", len(columns))


def _calibration(
    axes: Axes, task: Task, columns: dict[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    from sklearn.calibration import calibration_curve

    axes.plot([0, 1], [0, 1], color="0.7", linestyle=":")
    for index, (word, (truth, probability)) in enumerate(columns.items()):
        # Bins of equal size: few rows make bins of equal width empty.
        seen, said = calibration_curve(
            truth,
            probability,
            n_bins=min(8, max(2, len(truth) // 20)),
            strategy="quantile",
        )
        axes.plot(
            said,
            seen,
            marker="o",
            color=COLORS[index % len(COLORS)],
            label=word or None,
        )
    axes.set(
        title=f"{task.name}: calibration on held-out rows",
        xlabel="probability answered",
        ylabel="share that is so",
        aspect="equal",
    )
    if len(columns) > 1:
        _legend(axes, "upper left", len(columns))


def _legend(
    axes: Axes, place: Literal["lower right", "upper left"], entries: int
) -> None:
    """Adds a legend, outside of the axes where it would hide the curves."""
    if entries <= 4:
        axes.legend(loc=place, framealpha=0.6)
    else:
        figure = axes.figure
        assert isinstance(figure, Figure)
        figure.set_figwidth(WIDE)
        figure.legend(loc="outside right upper", fontsize="small")


def _confusion(axes: Axes, task: Task, labels: np.ndarray, outputs: np.ndarray) -> None:
    if isinstance(task, BinaryTask):
        words: tuple[str, ...] = task.class_words
        answers = (outputs[:, 0] >= task.threshold).astype(int)
    else:
        words = getattr(task, "classes", ())
        answers = outputs.argmax(axis=1)
    known = ~np.isnan(labels)
    counts = np.zeros((len(words), len(words)), int)
    np.add.at(counts, (labels[known].astype(int), answers[known]), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    # Small enough for the cells of many classes.
    size = min(10.0, max(3.0, 100 / len(words)))
    for row in range(len(words)):
        for column in range(len(words)):
            axes.text(
                column,
                row,
                str(counts[row, column]),
                ha="center",
                va="center",
                fontsize=size,
                color="white" if shares[row, column] > 0.5 else "black",
            )
    ticks = np.arange(len(words))
    steep = 20 if len(words) <= 6 else 90
    axes.set_xticks(ticks, words, rotation=steep, ha="right", fontsize=size)
    axes.set_yticks(ticks, words, fontsize=size)
    axes.set(
        title=f"{task.name}: rows by label and answer, held out",
        xlabel="answer",
        ylabel="label (shaded by its share)",
    )


def _predicted(axes: Axes, task: Task, labels: np.ndarray, values: np.ndarray) -> None:
    axes.scatter(labels, values, s=12, alpha=0.6, color=COLORS[0], edgecolors="none")
    low, high = min(labels.min(), values.min()), max(labels.max(), values.max())
    axes.plot([low, high], [low, high], color="0.7", linestyle=":")
    axes.set(title=f"{task.name}: held-out rows", xlabel="label", ylabel="answer")
