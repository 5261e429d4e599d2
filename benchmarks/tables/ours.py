"""One fit of all targets of a fold with the commands of this package."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from keras_mtl.errors import UserError
from keras_mtl.tasks import Task

__all__ = ["OURS", "fit_ours"]

OURS = "ours"


def fit_ours(
    method: str,
    tasks: Sequence[Task],
    train: pd.DataFrame,
    test: pd.DataFrame,
    seed: int,
) -> dict[str, np.ndarray]:
    """Train on rows with `python -m keras_mtl.fit`, and predict others.

    Args:
        method: `"ours"` for the default settings; with `:PRESET` or `:FILE.toml` for a
            preset or a configuration.
        tasks: The targets, one task per column.
        train: Raw rows, with the targets. Missing labels remain missing.
        test: The rows to predict.
        seed: The seed of the fit.

    Returns:
        The outputs by task, in the order of the task's classes.

    Raises:
        UserError: If the command fails.
    """
    recipe = method.partition(":")[2]
    with tempfile.TemporaryDirectory() as folder:
        train.to_csv(Path(folder, "train.csv"), index=False)
        test.to_csv(Path(folder, "test.csv"), index=False)
        command = [sys.executable, "-m", "keras_mtl.fit", "--quiet"]
        command += [
            "--data",
            f"{folder}/train.csv",
            "--test-data",
            f"{folder}/test.csv",
        ]
        command += ["--out", f"{folder}/run", "--seed", str(seed)]
        for task in tasks:
            command += ["--task", f"{task.name}:{task.kind}"]
        if recipe:
            command += ["--config" if recipe.endswith(".toml") else "--preset", recipe]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(
                f"{' '.join(command)} expected exit status 0; received "
                f"{done.returncode}: {done.stderr.strip()[-2000:]}"
            )
        return _predict(Path(folder, "run", "model.keras"), tasks, test)


def _predict(
    path: Path, tasks: Sequence[Task], test: pd.DataFrame
) -> dict[str, np.ndarray]:
    from keras_mtl.runs.predictions import predict_frame
    from keras_mtl.serving import load_model

    model = load_model(path)
    outputs = predict_frame(model, test)
    fitted = {task.name: task for task in model.tasks}
    return {
        task.name: _reorder(outputs[task.name], fitted[task.name], task)
        for task in tasks
    }


def _reorder(outputs: np.ndarray, fitted: Task, task: Task) -> np.ndarray:
    """Sort the classes of a fit into the order of the whole table."""
    names = task.class_names
    if not names or names == fitted.class_names:
        return outputs
    if task.units == 1:
        return 1 - outputs
    ordered = np.zeros((len(outputs), len(names)), outputs.dtype)
    ordered[:, [names.index(name) for name in fitted.class_names]] = outputs
    return ordered
