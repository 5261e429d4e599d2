"""A linear multi-task model of arrays, from features to weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from keras_mtl.linear.clusters import find_clusters
from keras_mtl.linear.path import (
    StrengthChoice,
    choose_strength,
    held_out_losses,
    solve_path,
    strength_grid,
)
from keras_mtl.linear.penalties import Clustered, Penalty
from keras_mtl.linear.problem import LinearProblem, LinearTask
from keras_mtl.linear.solver import LinearSolver
from keras_mtl.linear.standard_features import standardize

__all__ = ["LinearFit", "fit_linear"]

# The tolerance of the weights along the path, for the plot and the choice.
PATH_TOLERANCE = 1e-4


@dataclass(frozen=True)
class LinearFit:
    """Result of `fit_linear`: the weights of a linear multi-task model.

    Attributes:
        penalty: The penalty with its strength.
        standard_weights: The weights of standardized features, (d, K): the change of a
            score per standard deviation of a feature.
        standard_intercepts: The intercepts of standardized features, (K,).
        means: The features' means, (d,).
        scales: The standard deviations of the features, (d,); 1 for a constant feature.
        residual: The violation of the optimality conditions; see `kkt_residual`.
        rank: The number of linearly independent features.
        clusters: The cluster of each output, (K,); None without clusters.
        choice: The result of the cross-validation; None for a given strength.
        path: The weights of standardized features at the strengths of `choice`,
            (S, d, K).
    """

    penalty: Penalty
    standard_weights: np.ndarray
    standard_intercepts: np.ndarray
    means: np.ndarray
    scales: np.ndarray
    residual: float
    rank: int
    clusters: np.ndarray | None = None
    choice: StrengthChoice | None = None
    path: np.ndarray | None = None

    @property
    def weights(self) -> np.ndarray:
        """The weights of features in their own units, (d, K)."""
        return self.standard_weights / self.scales[:, None]

    @property
    def intercepts(self) -> np.ndarray:
        """The intercepts of features in their own units, (K,)."""
        return self.standard_intercepts - self.means @ self.weights


def fit_linear(
    features: np.ndarray,
    tasks: Sequence[LinearTask],
    penalty: Penalty,
    strength: float | None = None,
    folds: np.ndarray | None = None,
    strengths: int = 30,
    one_standard_error: bool = False,
    tolerance: float = 1e-7,
) -> LinearFit:
    """Fit a linear multi-task model.

    Args:
        features: The features, of shape (N, d), without missing values.
        tasks: The tasks.
        penalty: The penalty. Its strength is ignored.
        strength: The strength; None to choose it by cross-validation.
        folds: The fold of each row, integers of shape (N,), for choosing the strength.
        strengths: The number of strengths to compare.
        one_standard_error: See `choose_strength`.
        tolerance: The largest residual of the solution; see `kkt_residual`.

    Raises:
        ValueError: If neither a strength nor folds are given.
    """
    if strength is None and folds is None:
        raise ValueError(
            "Invalid value received for argument `folds`. Expected the fold of each "
            "row, to choose a strength by. Received: None without a `strength`"
        )
    # One thread solves small systems of equations faster, and its results do not depend
    # on the number of cores.
    with threadpool_limits(1):
        return _fit(
            features,
            tasks,
            penalty,
            strength,
            folds,
            strengths,
            one_standard_error,
            tolerance,
        )


def _fit(
    features: np.ndarray,
    tasks: Sequence[LinearTask],
    penalty: Penalty,
    strength: float | None,
    folds: np.ndarray | None,
    strengths: int,
    one_standard_error: bool,
    tolerance: float,
) -> LinearFit:
    standard = standardize(features)
    rows = standard.values
    problem = LinearProblem(rows, tasks)
    solver = LinearSolver(problem, PATH_TOLERANCE)
    choice = path = None
    start = solver.start(penalty)
    if strength is None and folds is not None:
        grid = strength_grid(solver, penalty, strengths)
        losses = held_out_losses(rows, tasks, penalty, grid, folds, PATH_TOLERANCE)
        choice = choose_strength(grid, losses, one_standard_error)
        solutions = solve_path(solver, penalty, grid)
        path = np.stack([solution.weights for solution in solutions])
        strength = float(grid[choice.chosen])
        start = solutions[choice.chosen]
    penalty = penalty.with_strength(strength or 0.0)
    solver.tolerance = tolerance
    solution = solver.solve(penalty, start)
    weights = solution.weights
    clusters = None
    if isinstance(penalty, Clustered):
        clusters = find_clusters(weights, penalty.clusters)
    return LinearFit(
        penalty,
        weights,
        solution.intercepts,
        standard.means,
        standard.scales,
        solution.residual,
        standard.rank,
        clusters,
        choice,
        path,
    )
