"""Fitting the rows of a DataFrame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from keras_mtl._core.html import html_table
from keras_mtl._core.spelling import in_spelling
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.script_spelling import script_spelling
from keras_mtl.dataframes._arguments import require_path
from keras_mtl.dataframes.keywords import FitKeywords, TomlFile, table_config
from keras_mtl.errors import UserError, gather
from keras_mtl.runs.checkpoint import Checkpoint
from keras_mtl.runs.memory_tables import MemoryTables
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.resume import find_interrupted
from keras_mtl.runs.run_folder import choose_folder
from keras_mtl.runs.terminal import Terminal
from keras_mtl.tables.data_frame import same_kind

if TYPE_CHECKING:
    from keras_mtl.model import MultiTaskModel
    from keras_mtl.runs.train import TrainedRun

__all__ = ["TableFit", "fit_table"]

# By the key of a flag of the command the argument that is no section of settings.
ARGUMENTS = {
    "data.path": "table",
    "data.test_path": "test_table",
    "config": "config",
    "output.folder": "folder",
    "output.overwrite": "overwrite",
    "resume": "resume",
}


@dataclass(frozen=True, repr=False)
class TableFit:
    """Result of a fit on a DataFrame.

    Attributes:
        model: The trained model of raw features. `model.save("model.keras")` saves it
            for `predict_table` and for the commands.
        metrics: The metrics, with the same keys as `metrics.json` of a run folder, for
            example `metrics["test"]["churn"]["auc"]`.
        predictions: The predictions of the held-out rows, as the same kind of DataFrame
            as the table, with the columns of `predictions.csv`. The column `row` is the
            position in the table, from 0. A pandas DataFrame also keeps the index of
            the rows.
        history: The history as a mean over the members, as the same kind of DataFrame.
        config: The settings, including what was inferred from the rows.
        folder: The run folder; None if `fit_table` was called without `folder`.
    """

    model: MultiTaskModel
    metrics: Mapping[str, Any]
    predictions: Any
    history: Any
    config: FitConfig
    folder: Path | None = None

    def __repr__(self) -> str:
        lines = [
            ", ".join([task, *(f"{name} {_rounded(value)}" for name, value in values)])
            for task, values in self._held_out()
        ]
        return "\n  ".join([f"TableFit on {self._size()}:", *lines])

    def _repr_html_(self) -> str:
        scores = {task: dict(values) for task, values in self._held_out()}
        names = list(dict.fromkeys(name for each in scores.values() for name in each))
        return html_table(
            self._size(),
            ("task", *(name.replace("_", " ") for name in names)),
            [
                (task, *(each.get(name, "") for name in names))
                for task, each in scores.items()
            ],
        )

    def _size(self) -> str:
        rows = self.metrics["rows"]
        return (
            f"{rows['train']} training rows, measured on {rows['test']} held-out rows"
        )

    def _held_out(self) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
        for task, values in self.metrics["test"].items():
            plain = [
                (name, value)
                for name, value in values.items()
                if isinstance(value, int | float)
            ]
            yield task, plain


def _rounded(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@in_spelling(script_spelling(ARGUMENTS))
def fit_table(
    table: Any,
    *,
    test_table: Any = None,
    config: TomlFile | None = None,
    folder: str | Path | None = None,
    overwrite: bool = False,
    resume: bool = False,
    verbose: bool = False,
    **settings: Unpack[FitKeywords],
) -> TableFit:
    """Train one network on several tasks of a DataFrame.

    This is `python -m keras_mtl.fit` as a function, with the same defaults: the same
    rows and settings give the same model, bit by bit. Test rows are held out as by the
    command.

    Args:
        table: The rows with their labels, a pandas or Polars DataFrame or a PyArrow
            Table. Labels may be missing.
        test_table: The test rows, likewise; by default a fifth of the table is held
            out.
        config: A TOML file of settings, as with `--config`.
        folder: The run folder to write, as with `--out`; by default nothing is written.
        overwrite: Whether an existing run folder at `folder` is replaced.
        resume: Whether to resume the interrupted run in `folder`. Rows and settings
            must be the same, and so is the result, bit by bit.
        verbose: Whether progress is printed.
        **settings: The keys of a TOML file, which override those of `config`; see
            `FitKeywords`. `data={"path": ...}` only names the rows in messages and in
            `config.toml`.

    Returns:
        The fit.

    Raises:
        UserError: With all errors of the settings or of the rows at once.

    Example:

    >>> import keras_mtl
    >>> fit = keras_mtl.fit_table(
    ...     keras_mtl.load_heart_disease(),
    ...     tasks=["disease:binary:num>0", "chol:regression"],
    ...     inputs={"columns": ["age", "sex", "thalach"]},
    ...     training={"members": 1, "epochs": 2},
    ... )
    >>> sorted(fit.metrics["test"]), len(fit.predictions)
    (['chol', 'disease'], 184)
    """
    given: dict[str, Any] = {**settings}
    folder = require_path("folder", folder, "a folder", "Pass its name.")
    if folder is not None:
        # The same settings as those of `[output]`.
        given["output"] = {"folder": folder, "overwrite": overwrite}
    made = table_config(config, given, test_table is not None)
    errors: list[str] = []
    data = checkpoint = None
    if resume:
        with gather(errors):
            place, checkpoint = _interrupted(made)
            made = made.replace(output=made.output.replace(folder=str(place)))
    with gather(errors):
        if made.output.folder is not None:
            choose_folder(made.output.folder, made.output.overwrite, made.model.name)
    with gather(errors):
        data = prepare_data(made, tables=MemoryTables(table, test_table))
    if errors or data is None:
        raise UserError(*errors)
    if made.output.folder is None:
        run, metrics = _train(data, verbose)
        return _table_fit(data, run, metrics, None, table, test_table)
    from keras_mtl.runs.fit_run import fit_run

    done = fit_run(made, quiet=not verbose, resume=checkpoint, data=data)
    return _table_fit(data, done.run, done.metrics, done.folder, table, test_table)


def _interrupted(config: FitConfig) -> tuple[Path, Checkpoint]:
    """Return the place of an interrupted run, and where it goes on."""
    folder, checkpoint = find_interrupted(config.output.folder)
    if checkpoint is None:
        raise UserError(
            f"{folder}: expected an interrupted run. Received: one that is complete. "
            "Predict with predict_table(folder, table), or leave out resume=True."
        )
    return folder, checkpoint


def _train(data: PreparedData, verbose: bool) -> tuple[TrainedRun, dict[str, Any]]:
    """Train without a run folder, which is what takes the other half of the time."""
    terminal = Terminal(quiet=not verbose)
    terminal.show_data(data)
    with terminal.loading():
        import tensorflow as tf

        from keras_mtl.runs.train import train_run
        from keras_mtl.runs.write_run import run_metrics

        tf.config.list_logical_devices()
    with terminal.progress(data.config.training.epochs) as on_epoch:
        run = train_run(data, on_epoch, release_rows=True)
    return run, run_metrics(run, data)


def _table_fit(
    data: PreparedData,
    run: TrainedRun,
    metrics: dict[str, Any],
    folder: Path | None,
    table: Any,
    test_table: Any,
) -> TableFit:
    from keras_mtl.runs.predictions import prediction_table

    rows = data.test_rows
    outputs = {name: each[rows] for name, each in run.outputs.items()}
    labels = {name: each[rows] for name, each in data.labels.items()}
    predictions = prediction_table(run.model, outputs, labels, data.test_numbers)
    history = pd.DataFrame(run.fit.mean_history())
    history.insert(0, "epoch", np.arange(1, len(history) + 1))
    # The test rows of a file have no index.
    from_file = test_table is None and data.config.data.test_path is not None
    tested = table if test_table is None else test_table
    return TableFit(
        run.model,
        metrics,
        same_kind(predictions, tested, None if from_file else data.test_numbers),
        same_kind(history, table),
        data.config,
        folder,
    )
