"""The parameters and support rows of a Gaussian process, from encoded rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_mtl.architectures.gaussian_process import build_gaussian_process
from keras_mtl.architectures.gaussian_process_settings import GaussianProcessSettings
from keras_mtl.architectures.solved import Solution, SolvedRows
from keras_mtl.architectures.solver_tasks import read_tasks
from keras_mtl.errors import warn_of_data
from keras_mtl.kernels.process_fit import ProcessFit, fit_process
from keras_mtl.kernels.variance_factors import variance_factors
from keras_mtl.layers import ProcessScores
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import RegressionTask

__all__ = ["solve_gaussian_process"]

# The largest error of the model's variances, as a share of a number's noise and of a
# class's variance. With it, the model has a third of the parameters of exact variances.
NOISE_LEFT = 0.01
VARIANCE_LEFT = 0.001


def solve_gaussian_process(
    settings: GaussianProcessSettings, model: MultiTaskModel, rows: SolvedRows
) -> tuple[MultiTaskModel, Solution]:
    """Learn the parameters of a Gaussian process, and build its model.

    Args:
        settings: The architecture's settings.
        model: The model from the architecture's builder.
        rows: The training rows.

    Returns:
        The model and the solution.
    """
    tasks, names = read_tasks(model.tasks, rows)
    found = fit_process(
        rows.inputs,
        tasks,
        settings.factors,
        settings.automatic_relevance,
        settings.rank,
        settings.iterations,
    )
    if found.residual > 1e-4:
        warn_of_data(
            "the solver of the Gaussian process stopped early: scores may be off by "
            f"about {found.residual:.1g}. Ask for a lower rank."
        )
    numbers = np.array(model.get_layer("process").numbers)
    variances, noise = found.variances, found.parameters.noise
    factors = variance_factors(
        found, np.where(numbers, NOISE_LEFT * noise, VARIANCE_LEFT * variances)
    )
    model = build_gaussian_process(
        model.input_shape[-1],
        model.tasks,
        settings,
        len(found.support),
        factors.shape[2],
    )
    layer = model.get_layer("process")
    _assign_scores(layer, found, factors)
    own = np.eye(2 * len(names), dtype="float32")
    first = 0
    for task in model.tasks:
        head = model.get_layer(task.name)
        if isinstance(task, RegressionTask):
            # The number, and its deviation, which comes after all scores.
            head.kernel.assign(own[:, [first, len(names) + first]])
            first += 1
        else:
            head.kernel.assign(own[:, first : first + task.units])
            first += task.units
        head.bias.assign(np.zeros(head.bias.shape, "float32"))
    return model, Solution(
        _facts(found, layer.numbers, names, rows),
        (),
        tuple(names),
        np.zeros((0, len(names))),
        task_covariance=found.parameters.task_covariance,
    )


def _assign_scores(
    layer: ProcessScores, found: ProcessFit, factors: np.ndarray
) -> None:
    layer.means.assign(found.means)
    layer.scales.assign(found.scales * found.parameters.lengths)
    layer.support.assign(found.support)
    layer.coefficients.assign(found.coefficients)
    layer.intercepts.assign(found.intercepts)
    wider = found.noise_factors
    layer.variances.assign(wider * found.variances)
    layer.factors.assign(np.sqrt(wider)[:, None, None] * factors)
    layer.noise.assign(np.where(layer.numbers, wider * found.parameters.noise, 0.0))


def _facts(
    found: ProcessFit, numbers: list[bool], names: list[str], rows: SolvedRows
) -> dict[str, Any]:
    parameters = found.parameters
    shared = (parameters.loadings**2).sum(axis=1)
    facts: dict[str, Any] = {
        "residual": float(found.residual),
        "rows": len(rows.inputs),
        "support_rows": len(found.support),
        "approximation": "exact" if found.is_exact else "Nystroem",
        "learned_from": found.learned_from,
        # In units of the variance of standardized labels, and of the classes' scores.
        "variances": {
            name: {
                "shared": float(shared[index]),
                "own": float(np.exp(parameters.log_kappa[index])),
                **({"noise": float(parameters.noise[index])} if is_number else {}),
            }
            for index, (name, is_number) in enumerate(zip(names, numbers, strict=True))
        },
    }
    if found.log_evidence is not None:
        facts["log_marginal_likelihood"] = float(found.log_evidence)
    if len(parameters.lengths) == 1:
        facts["length_scale"] = float(parameters.lengths[0])
    else:
        facts["length_scales"] = {
            name: float(length)
            for name, length in zip(rows.names, parameters.lengths, strict=True)
        }
    return facts
