"""The weights of linear architectures, from encoded rows."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from keras_mtl.architectures.linear_settings import LinearSettings
from keras_mtl.architectures.solved import Solution, SolvedRows
from keras_mtl.architectures.solver_tasks import held_out_columns, read_tasks
from keras_mtl.errors import warn_of_data
from keras_mtl.linear import LinearFit, fit_linear
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["assign_weights", "solve_linear"]


def solve_linear(
    settings: LinearSettings, model: MultiTaskModel, rows: SolvedRows
) -> Solution:
    """Solve for the weights of a linear architecture, and assign them.

    Args:
        settings: The architecture's settings.
        model: The model from `build_linear`.
        rows: The training rows.

    Returns:
        The solution.
    """
    tasks, names = read_tasks(model.tasks, rows)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        found = fit_linear(
            rows.inputs,
            tasks,
            settings.penalty(len(names)),
            settings.strength,
            rows.folds if settings.strength is None else None,
            settings.strengths,
            settings.one_standard_error,
        )
    if found.residual > 1e-6:
        # Only the points along the path may be less exact, not the solution.
        warn_of_data(str(caught[-1].message))
    assign_weights(model, found.weights, found.intercepts)
    return Solution(
        _facts(found, names, len(rows.names)),
        tuple(rows.names),
        tuple(names),
        found.standard_weights,
        _path(found, model.tasks),
        found.path,
    )


def assign_weights(
    model: MultiTaskModel, weights: np.ndarray, intercepts: np.ndarray
) -> None:
    """Assign the weights of the tasks' dense layers.

    Args:
        model: The model from `build_linear`.
        weights: The weights of all outputs, (d, K).
        intercepts: The intercepts, (K,).
    """
    first = 0
    for task in model.tasks:
        columns = slice(first, first + task.units)
        layer = model.get_layer(task.name)
        layer.kernel.assign(weights[:, columns].astype("float32"))
        layer.bias.assign(intercepts[columns].astype("float32"))
        first += task.units


def _facts(found: LinearFit, names: list[str], width: int) -> dict[str, Any]:
    used = (found.standard_weights != 0).any(axis=1)
    sizes = np.linalg.svd(found.standard_weights, compute_uv=False)
    facts: dict[str, Any] = {
        "strength": float(found.penalty.strength),
        "residual": float(found.residual),
        "features": width,
        "features_used": int(used.sum()),
        # Linearly dependent columns have no unique weights.
        "independent_features": int(found.rank),
        "rank": int((sizes > 1e-6 * max(float(sizes.max(initial=0.0)), 1e-12)).sum()),
    }
    if found.choice is not None:
        facts["held_out_loss"] = float(found.choice.loss[found.choice.chosen])
        facts["best_strength"] = float(found.choice.strengths[found.choice.best])
    if found.clusters is not None:
        facts["clusters"] = {
            name: int(number) + 1
            for name, number in zip(names, found.clusters, strict=True)
        }
    return facts


def _path(found: LinearFit, tasks: tuple[Task, ...]) -> dict[str, np.ndarray]:
    choice = found.choice
    if choice is None or found.path is None:
        return {}
    return {
        **held_out_columns(choice, tasks),
        "features_used": (found.path != 0).any(axis=2).sum(axis=1),
    }
