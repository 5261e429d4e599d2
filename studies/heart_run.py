"""The study on the heart data from its settings to its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from keras_mtl.configuration import build_config
from keras_mtl.report.figures import COLORS, write_figure
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.run_folder import choose_folder, new_run_folder
from keras_mtl.runs.terminal import Terminal
from studies.settings import StudySettings
from studies.study_run import STUDY_MARKS, write_json

__all__ = ["run_heart_study"]

Scores = dict[str, dict[str, dict[str, Any]]]


def run_heart_study(
    settings: StudySettings,
    out: str | None = None,
    overwrite: bool = False,
    quiet: bool = False,
) -> Path:
    """Cross-validate, print and plot the heart networks of all activations.

    Args:
        settings: See `study_heart`.
        out: The folder to write; by default a new folder in `runs/`.
        overwrite: Whether an existing folder of a study is replaced.
        quiet: Whether only warnings are shown.

    Returns:
        The folder.

    Raises:
        UserError: If the folder cannot be used. Nothing is written then.
    """
    terminal = Terminal(quiet)
    folder = choose_folder(out, overwrite, "activations", STUDY_MARKS)
    with terminal.warnings():
        data = prepare_data(build_config({}))
    with terminal.loading():
        import tensorflow as tf

        from studies.heart_study import FOLDS, heart_scores, study_heart

        tf.config.list_logical_devices()
    terminal.console.print(
        f"{len(data.train_rows)} training rows, parted {settings.seeds} times into "
        f"{FOLDS} folds"
    )
    folds = study_heart(
        data, settings, lambda name: terminal.console.print(f"training: {name}")
    )
    scores = heart_scores(folds)
    with new_run_folder(folder, overwrite) as written:
        write_json(written / "activations.json", scores)
        folds.to_csv(written / "activations.csv", index=False)
        _draw(written / "heart.png", scores)
    terminal.console.print(_table(scores))
    terminal.console.print(f"Written: {folder}", soft_wrap=True)
    return folder


def _order(scores: Scores) -> list[str]:
    """Return the activations by their mean AUC over the tasks, best first."""
    return sorted(
        scores,
        key=lambda name: (
            -np.mean([task["auc"]["mean"] for task in scores[name].values()])
        ),
    )


def _table(scores: Scores) -> Table:
    table = Table(
        title="Cross-validated on training rows: mean, and spread of the repeats",
        title_justify="left",
    )
    table.add_column("activation")
    columns = [
        (task, measure)
        for task, metrics in next(iter(scores.values())).items()
        for measure in metrics
    ]
    for task, measure in columns:
        table.add_column(f"{task} {measure}".replace("_", " "), justify="right")
    for name in _order(scores):
        cells = [scores[name][task][measure] for task, measure in columns]
        table.add_row(
            name.replace("_", " "),
            *[f"{cell['mean']:.3f} ± {cell['std']:.3f}" for cell in cells],
        )
    return table


def _draw(path: Path, scores: Scores) -> None:
    names = _order(scores)[::-1]
    tasks = list(next(iter(scores.values())))
    size = (7.2, 0.36 * len(names) + 1.4)
    write_figure(path, size, lambda figure: _dots(figure, scores, names, tasks))


def _dots(figure: Figure, scores: Scores, names: list[str], tasks: list[str]) -> None:
    grid = figure.subplots(1, len(tasks), sharey=True, squeeze=False)
    for axes, task, color in zip(grid.flat, tasks, COLORS, strict=False):
        cells = [scores[name][task]["auc"] for name in names]
        axes.errorbar(
            [cell["mean"] for cell in cells],
            range(len(names)),
            xerr=[cell["std"] for cell in cells],
            fmt="o",
            color=color,
            capsize=2,
        )
        axes.set(title=task, xlabel="AUC")
        axes.locator_params(axis="x", nbins=5)
        axes.grid(axis="x", color="0.9")
    grid.flat[0].set_yticks(
        range(len(names)), [name.replace("_", " ") for name in names]
    )
