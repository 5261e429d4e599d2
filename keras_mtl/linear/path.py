"""Solutions along a path of strengths, and the choice of a strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from keras_mtl.linear.penalties import Penalty
from keras_mtl.linear.problem import LinearProblem, LinearTask
from keras_mtl.linear.solver import LinearSolution, LinearSolver

__all__ = [
    "StrengthChoice",
    "choose_strength",
    "held_out_losses",
    "solve_path",
    "strength_grid",
    "tasks_of_rows",
]

# If a penalty makes all weights zero from some strength on, the path ends at a fraction
# of it. Otherwise the path has a fixed first strength, at which all weights of
# standardized features are small.
SPAN = 1e-3
FIRST = 10.0
WIDE_SPAN = 1e-5


@dataclass(frozen=True)
class StrengthChoice:
    """Result of a cross-validation along a path of strengths.

    Attributes:
        strengths: The strengths, from the largest to the smallest, (S,).
        losses: The mean loss of each task on held-out rows, (S, T).
        loss: The sum of the tasks' held-out losses, (S,).
        standard_error: The standard error of the sum over the folds, (S,).
        best: The index of the smallest loss.
        chosen: The index of the chosen strength: the best one, or the largest one
            within one standard error of the best.
    """

    strengths: np.ndarray
    losses: np.ndarray
    loss: np.ndarray
    standard_error: np.ndarray
    best: int
    chosen: int


def strength_grid(solver: LinearSolver, penalty: Penalty, count: int) -> np.ndarray:
    """Return the strengths of a path, from the largest to the smallest.

    Args:
        solver: The solver of the loss.
        penalty: The penalty, with any strength.
        count: The number of strengths.
    """
    first, span = solver.zero_from(penalty), SPAN
    if first is None:
        first, span = FIRST, WIDE_SPAN
    # Features without information have weights of zero at any strength.
    return (first or 1.0) * np.geomspace(1.0, span, count)


def solve_path(
    solver: LinearSolver, penalty: Penalty, strengths: Sequence[float] | np.ndarray
) -> list[LinearSolution]:
    """Solve for one strength after the other, each from the solution before.

    Args:
        solver: The solver of the loss.
        penalty: The penalty, with any strength.
        strengths: The strengths, from the largest to the smallest, (S,).
    """
    solutions = []
    last = solver.start(penalty)
    for strength in strengths:
        last = solver.solve(penalty.with_strength(float(strength)), last)
        solutions.append(last)
    return solutions


def tasks_of_rows(tasks: Sequence[LinearTask], rows: np.ndarray) -> list[LinearTask]:
    """Return the tasks on some rows, each with its full weight in the loss."""
    found = []
    for task in tasks:
        weights = task.weights[rows]
        total = weights.sum()
        scale = task.weights.sum() / total if total > 0 else 0.0
        found.append(replace(task, labels=task.labels[rows], weights=weights * scale))
    return found


def held_out_losses(
    features: np.ndarray,
    tasks: Sequence[LinearTask],
    penalty: Penalty,
    strengths: np.ndarray,
    folds: np.ndarray,
    tolerance: float,
) -> np.ndarray:
    """Compute each task's loss on the rows of each fold, at each strength.

    Args:
        features: The features, (N, d).
        tasks: The tasks.
        penalty: The penalty, with any strength.
        strengths: The strengths, from the largest to the smallest, (S,).
        folds: The number of each row's fold, (N,).
        tolerance: The tolerance of the solver.

    Returns:
        The losses, (folds, S, T); NaN where a fold has no label of a task.
    """
    numbers = np.unique(folds)
    losses = np.full((len(numbers), len(strengths), len(tasks)), np.nan)
    for position, number in enumerate(numbers):
        rest, held = np.flatnonzero(folds != number), np.flatnonzero(folds == number)
        problem = LinearProblem(features[rest], tasks_of_rows(tasks, rest))
        test = LinearProblem(features[held], tasks_of_rows(tasks, held))
        known = [task.weights.sum() > 0 for task in test.tasks]
        solver = LinearSolver(problem, tolerance)
        path = solve_path(solver, penalty, strengths)
        for index, solution in enumerate(path):
            scores = test.scores(solution.weights, solution.intercepts)
            losses[position, index, known] = test.task_values(scores)[known]
    return losses


def choose_strength(
    strengths: np.ndarray, losses: np.ndarray, one_standard_error: bool = False
) -> StrengthChoice:
    """Choose a strength by held-out losses.

    Args:
        strengths: The strengths, from the largest to the smallest, (S,).
        losses: The losses from `held_out_losses`, (folds, S, T).
        one_standard_error: Whether to choose the largest strength whose loss is within
            one standard error of the smallest loss.

    Example:

    >>> losses = np.array([[[1.0], [0.5], [0.4]], [[1.0], [0.7], [0.6]]])
    >>> strengths = np.array([1.0, 0.1, 0.01])
    >>> choose_strength(strengths, losses).chosen
    2
    >>> choose_strength(strengths, losses, one_standard_error=True).chosen
    1
    """
    known = ~np.isnan(losses)
    counts = known.sum(axis=0)
    filled = np.where(known, losses, 0.0)
    means = filled.sum(axis=0) / np.maximum(counts, 1)
    # A fold without a label of a task does not count for this task.
    sums = np.where(known, losses, means).sum(axis=2)
    loss = means.sum(axis=1)
    folds = len(losses)
    error = sums.std(axis=0, ddof=1) / np.sqrt(folds) if folds > 1 else 0.0 * loss
    best = int(np.argmin(loss))
    chosen = best
    if one_standard_error:
        chosen = int(np.argmax(loss <= loss[best] + error[best]))
    return StrengthChoice(strengths, means, loss, error, best, chosen)
