"""A run from its settings to its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.repeatable import repeatable_values
from keras_mtl.configuration.toml_file import write_toml
from keras_mtl.errors import UserError, gather
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.run_folder import choose_folder, new_run_folder
from keras_mtl.runs.terminal import Terminal

__all__ = ["fit_run"]


def fit_run(config: FitConfig, quiet: bool = False) -> Path:
    """Trains, evaluates and exports what the settings describe.

    Args:
        config: The run's settings.
        quiet: Whether nothing but warnings is shown.

    Returns:
        The run folder.

    Raises:
        UserError: When the data or the folder can't serve; nothing is written.
    """
    terminal = Terminal(quiet)
    mistakes: list[str] = []
    with gather(mistakes):
        folder = choose_folder(
            config.output.folder, config.output.overwrite, config.model.name
        )
    with terminal.warnings(), gather(mistakes):
        data = prepare_data(config)
    if mistakes:
        raise UserError(*mistakes)
    terminal.show_data(data)
    with terminal.loading():
        import tensorflow as tf

        from keras_mtl.report import write_plots
        from keras_mtl.runs.predictions import answer_rows, predict_frame
        from keras_mtl.runs.train import train_run
        from keras_mtl.serving import run_details, write_saved_model

        # Devices are found at the first use, not without noise.
        tf.config.list_logical_devices()

    epochs = data.config.training.epochs
    with terminal.progress(epochs) as on_epoch:
        run = train_run(data, on_epoch)
    model = run.model
    # One call for both: the graph of a model of many members takes long to trace.
    everywhere = predict_frame(model, data.frame)
    outputs = {name: values[data.test_rows] for name, values in everywhere.items()}
    labels = {name: values[data.test_rows] for name, values in data.labels.items()}
    metrics = {
        "test": _measure(model.tasks, labels, outputs),
        "train": _measure(
            model.tasks,
            {name: values[data.train_rows] for name, values in data.labels.items()},
            {name: values[data.train_rows] for name, values in everywhere.items()},
        ),
        "rows": {"train": len(data.train_rows), "test": len(data.test_rows)},
        "parameters": run.parameters,
        "members": len(run.fit.members),
        "epochs": run.fit.epochs.tolist(),
        "idle_units": run.idle_units,
    }
    with new_run_folder(folder, config.output.overwrite) as written:
        write_toml(written / "config.toml", repeatable_values(data.config))
        model.save(written / "model.keras")
        _write_json(written / "metrics.json", metrics)
        history = run.fit.mean_history()
        table = pd.DataFrame(history)
        table.insert(0, "epoch", np.arange(1, len(table) + 1))
        table.to_csv(written / "history.csv", index=False)
        answers = answer_rows(model, outputs, labels, data.test_numbers)
        answers.to_csv(written / "predictions.csv", index=False)
        write_plots(written / "plots", model.tasks, run.fit.history, labels, outputs)
        write_saved_model(
            model,
            written / "serving" / config.model.name / "1",
            details=run_details(written),
        )
    terminal.show_result(metrics, folder)
    return folder


def _measure(tasks, labels, outputs) -> dict[str, dict[str, float]]:
    return {
        task.name: task.measure(labels[task.name], outputs[task.name]) for task in tasks
    }


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, allow_nan=False) + "\n", "utf-8")
