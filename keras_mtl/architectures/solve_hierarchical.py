"""The weights of a hierarchical Bayesian architecture, from encoded rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_mtl.architectures.hierarchical_bayes import build_hierarchical_bayes
from keras_mtl.architectures.linear_settings import HierarchicalBayesSettings
from keras_mtl.architectures.solved import Solution, SolvedRows
from keras_mtl.architectures.solver_tasks import read_tasks
from keras_mtl.linear import HierarchicalFit, fit_hierarchical
from keras_mtl.linear.hierarchical import LIKELIHOODS, SharedPrior
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import MultilabelTask, RegressionTask

__all__ = ["solve_hierarchical"]


def solve_hierarchical(
    settings: HierarchicalBayesSettings, model: MultiTaskModel, rows: SolvedRows
) -> tuple[MultiTaskModel, Solution]:
    """Learn the priors of a model's weights, and build its model.

    Args:
        settings: The architecture's settings.
        model: The model from `build_linear`.
        rows: The training rows.

    Returns:
        The model, whose numbers have deviations, and the solution.
    """
    tasks, names = read_tasks(model.tasks, rows)
    found = fit_hierarchical(
        rows.inputs,
        tasks,
        settings.covariance,
        settings.variance,
        settings.further_tasks,
    )
    model = build_hierarchical_bayes(model.input_shape[-1], model.tasks)
    _assign(model, found)
    return model, Solution(
        _facts(found, names, len(rows.names)),
        tuple(rows.names),
        tuple(names),
        found.standard_weights,
        shrinkage=found.shrinkage[:-1],
        prior=_prior(found.priors),
    )


def _assign(model: MultiTaskModel, found: HierarchicalFit) -> None:
    """Assign the weights of the tasks' dense layers and of the deviations."""
    weights, intercepts = found.weights, found.intercepts
    factors, noise = [], []
    output = posterior = 0
    for task in model.tasks:
        layer = model.get_layer(task.name)
        has_deviations = isinstance(task, RegressionTask) and task.has_deviations
        columns = slice(output, output + (1 if has_deviations else task.units))
        kernel, bias = weights[:, columns], intercepts[columns]
        if has_deviations:
            # The prediction from the features, and its deviation, which comes after
            # them.
            kernel = np.block([[kernel, np.zeros_like(kernel)], [np.eye(2)[1]]])
            bias = np.append(bias, 0.0)
            factors.append(_factor(found.posteriors[posterior].covariance))
            noise.append(found.posteriors[posterior].noise)
        layer.kernel.assign(kernel.astype("float32"))
        layer.bias.assign(bias.astype("float32"))
        output = columns.stop
        # A multi-label task has one posterior per label.
        posterior += task.units if isinstance(task, MultilabelTask) else 1
    if not factors:
        return
    layer = model.get_layer("weight_deviations")
    layer.means.assign(found.means.astype("float32"))
    layer.scales.assign(found.scales.astype("float32"))
    layer.factors.assign(np.stack(factors).astype("float32"))
    layer.noise.assign(np.array(noise, "float32"))


def _factor(covariance: np.ndarray) -> np.ndarray:
    """Return F with `covariance = F F'`; the covariance may be singular."""
    # Not by Cholesky, since a weight without variance makes the covariance singular.
    sizes, directions = np.linalg.eigh(covariance)
    factor: np.ndarray = directions * np.sqrt(np.maximum(sizes, 0.0))
    return factor


def _facts(found: HierarchicalFit, names: list[str], width: int) -> dict[str, Any]:
    noise = {
        name: float(each)
        for name, each in zip(names, found.noise, strict=True)
        if each > 0
    }
    facts: dict[str, Any] = {
        "features": width,
        # Linearly dependent columns have no unique weights.
        "independent_features": int(found.rank),
        "em_steps": sum(len(prior.objectives) - 1 for prior in found.priors),
        "log_evidence": float(sum(prior.objectives[-1] for prior in found.priors)),
        "shrinkage": {
            name: float(each)
            for name, each in zip(names, found.shrinkage[:-1].mean(axis=0), strict=True)
        },
    }
    if noise:
        # Relative to the variance of the labels.
        facts["noise"] = noise
    return facts


def _prior(priors: tuple[SharedPrior, ...]) -> dict[str, np.ndarray]:
    columns = {}
    for each in priors:
        kind = LIKELIHOODS[each.loss]
        columns[f"{kind}_mean"] = each.prior.mean[:-1]
        columns[f"{kind}_deviation"] = each.deviations[:-1]
    return columns
