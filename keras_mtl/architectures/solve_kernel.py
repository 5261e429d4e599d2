"""The support rows and coefficients of a kernel model, from encoded rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_mtl.architectures.kernel_settings import KernelSettings
from keras_mtl.architectures.solved import Solution, SolvedRows
from keras_mtl.architectures.solver_tasks import held_out_columns, read_tasks
from keras_mtl.errors import warn_of_data
from keras_mtl.kernels import KernelFit, KernelGrid, fit_kernel
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["solve_kernel"]


def solve_kernel(
    settings: KernelSettings, model: MultiTaskModel, rows: SolvedRows
) -> Solution:
    """Solve for the weights of a kernel model, and assign them.

    Args:
        settings: The architecture's settings.
        model: The result of `KernelSettings.model_for`.
        rows: The training rows.

    Returns:
        The solution.
    """
    tasks, names = read_tasks(model.tasks, rows)
    found = fit_kernel(
        rows.inputs,
        tasks,
        settings.kernel,
        settings.strength,
        settings.length_scale,
        settings.sharing,
        folds=rows.folds if settings.fold_count() else None,
        rank=settings.rank,
        grid=KernelGrid(one_standard_error=settings.one_standard_error),
    )
    if found.residual > 1e-6:
        warn_of_data(
            "the solver of the kernel model stopped early: scores may be off by about "
            f"{found.residual:.1g}. Ask for a larger strength."
        )
    layer = model.get_layer("kernel")
    length = found.kernel.length_scale if settings.kernel == "rbf" else 1.0
    layer.means.assign(found.means)
    layer.scales.assign(found.scales * length)
    layer.support.assign(found.support / length)
    layer.coefficients.assign(found.coefficients)
    own = np.eye(len(names), dtype="float32")
    first = 0
    for task in model.tasks:
        columns = slice(first, first + task.units)
        head = model.get_layer(task.name)
        head.kernel.assign(own[:, columns])
        head.bias.assign(found.intercepts[columns].astype("float32"))
        first += task.units
    return Solution(
        _facts(settings, found, len(rows.inputs)),
        (),
        tuple(names),
        np.zeros((0, len(names))),
        _path(found, model.tasks),
        task_covariance=found.task_covariance,
    )


def _facts(settings: KernelSettings, found: KernelFit, rows: int) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "kernel": settings.kernel,
        "strength": float(found.strength),
        "sharing": float(found.sharing or 0.0),
        "residual": float(found.residual),
        "rows": rows,
        "support_rows": len(found.support),
        "approximation": "exact" if found.is_exact else "Nystroem",
    }
    if settings.kernel == "rbf":
        facts["length_scale"] = float(found.kernel.length_scale)
    if found.choice is not None:
        facts["held_out_loss"] = float(found.choice.loss[found.choice.chosen])
    return facts


def _path(found: KernelFit, tasks: tuple[Task, ...]) -> dict[str, np.ndarray]:
    return {} if found.choice is None else held_out_columns(found.choice, tasks)
