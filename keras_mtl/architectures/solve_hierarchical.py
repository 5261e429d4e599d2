"""The weights of a hierarchical Bayesian architecture, from encoded rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_mtl.architectures.linear_settings import HierarchicalBayesSettings
from keras_mtl.architectures.solve_linear import assign_weights
from keras_mtl.architectures.solved import Solution, SolvedRows
from keras_mtl.architectures.solver_tasks import read_tasks
from keras_mtl.linear import HierarchicalFit, fit_hierarchical
from keras_mtl.linear.hierarchical import LIKELIHOODS, SharedPrior
from keras_mtl.model import MultiTaskModel

__all__ = ["solve_hierarchical"]


def solve_hierarchical(
    settings: HierarchicalBayesSettings, model: MultiTaskModel, rows: SolvedRows
) -> Solution:
    """Learn the priors of a model's weights, and assign the weights.

    Args:
        settings: The architecture's settings.
        model: What `build_linear` built.
        rows: The training rows.

    Returns:
        What was found.
    """
    tasks, names = read_tasks(model.tasks, rows)
    found = fit_hierarchical(
        rows.inputs,
        tasks,
        settings.covariance,
        settings.variance,
        settings.further_tasks,
    )
    assign_weights(model, found.weights, found.intercepts)
    return Solution(
        _facts(found, names, len(rows.names)),
        tuple(rows.names),
        tuple(names),
        found.standard_weights,
        shrinkage=found.shrinkage[:-1],
        prior=_prior(found.priors),
    )


def _facts(found: HierarchicalFit, names: list[str], width: int) -> dict[str, Any]:
    noise = {
        name: float(each)
        for name, each in zip(names, found.noise, strict=True)
        if each > 0
    }
    facts: dict[str, Any] = {
        "features": width,
        # Columns that are sums of others have no weights of their own.
        "independent_features": int(found.rank),
        "em_steps": sum(len(prior.objectives) - 1 for prior in found.priors),
        "log_evidence": float(sum(prior.objectives[-1] for prior in found.priors)),
        "shrinkage": {
            name: float(each)
            for name, each in zip(names, found.shrinkage[:-1].mean(axis=0), strict=True)
        },
    }
    if noise:
        # In parts of the variance of the labels.
        facts["noise"] = noise
    return facts


def _prior(priors: tuple[SharedPrior, ...]) -> dict[str, np.ndarray]:
    columns = {}
    for each in priors:
        kind = LIKELIHOODS[each.loss]
        columns[f"{kind}_mean"] = each.prior.mean[:-1]
        columns[f"{kind}_deviation"] = each.deviations[:-1]
    return columns
