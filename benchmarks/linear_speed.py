"""Times of paths of linear multi-task models: python -m benchmarks.linear_speed.

The paths of `keras_mtl.linear` have 30 strengths from the first that leaves a
weight to a thousandth of it. scikit-learn solves the same problem where it has
one: `MultiTaskLasso` at the same strengths, squared errors and all labels, each
from the solution before, to a duality gap that gives residuals as small.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
from sklearn.linear_model import MultiTaskLasso
from threadpoolctl import threadpool_limits

from keras_mtl.linear import (
    GroupSparse,
    LinearProblem,
    LinearSolver,
    LinearTask,
    fit_linear,
    kkt_residual,
)
from keras_mtl.linear.path import solve_path, strength_grid

TOLERANCE = 1e-6
REPEATS = 3


def make_rows(
    rows: int, features: int, tasks: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Make standardized features that are correlated, and scores of the tasks."""
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(rows, 1))
    x = 0.7 * generator.normal(size=(rows, features)) + 0.7 * common
    x -= x.mean(axis=0)
    x /= x.std(axis=0)
    weights = generator.normal(size=(features, tasks))
    weights[features // 3 :] = 0.0
    return x, x @ weights + 2.0 * generator.normal(size=(rows, tasks))


def squared_tasks(scores: np.ndarray) -> list[LinearTask]:
    """Make a regression of each column."""
    weights = np.full(len(scores), 1.0 / len(scores))
    return [LinearTask("squared", column[:, None], weights) for column in scores.T]


def binary_tasks(scores: np.ndarray, missing: float, seed: int = 1) -> list[LinearTask]:
    """Make a binary task of each column, with a share of its labels missing."""
    known = np.random.default_rng(seed).random(scores.shape) >= missing
    return [
        LinearTask("logistic", (column > 0).astype(float)[:, None], here / here.sum())
        for column, here in zip(scores.T, known.T, strict=True)
    ]


def median_seconds(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median time of some runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def beside_scikit_learn(rows: int, features: int, tasks: int, repeats: int) -> None:
    """Print the times of a path of squared errors, and those of scikit-learn."""
    x, scores = make_rows(rows, features, tasks)
    found = {}

    def ours() -> None:
        solver = LinearSolver(LinearProblem(x, squared_tasks(scores)), TOLERANCE)
        found["strengths"] = strength_grid(solver, GroupSparse(), 30)
        found["ours"] = solve_path(solver, GroupSparse(), found["strengths"])

    def theirs() -> None:
        model = MultiTaskLasso(warm_start=True, tol=1e-8, max_iter=100_000)
        found["theirs"] = []
        for strength in found["strengths"]:
            model.set_params(alpha=strength).fit(x, scores)
            found["theirs"].append(model.coef_.T.copy())

    first = median_seconds(ours, repeats)
    second = median_seconds(theirs, repeats)
    problem = LinearProblem(x, squared_tasks(scores))
    intercepts = scores.mean(axis=0)
    residuals = [
        max(
            kkt_residual(problem, GroupSparse(float(r)), weights[None], intercepts)
            for r, weights in zip(found["strengths"], path, strict=True)
        )
        for path in ([each.weights for each in found["ours"]], found["theirs"])
    ]
    print(
        f"group-sparse, squared errors, {rows} x {features} x {tasks}, 30 strengths: "
        f"{first:.3f} s, residual {residuals[0]:.1e}; MultiTaskLasso {second:.3f} s, "
        f"residual {residuals[1]:.1e}; ratio {first / second:.2f}",
        flush=True,
    )


def binary_path(rows: int, features: int, tasks: int, folds: int) -> None:
    """Print the time of a path of binary tasks that lack a fifth of their labels."""
    x, scores = make_rows(rows, features, tasks)
    labels = binary_tasks(scores, missing=0.2)
    start = time.perf_counter()
    if folds:
        numbers = np.random.default_rng(2).integers(folds, size=rows)
        residual = fit_linear(x, labels, GroupSparse(), folds=numbers).residual
        words = f"30 strengths by {folds} folds and the final fit"
    else:
        solver = LinearSolver(LinearProblem(x, labels), TOLERANCE)
        strengths = strength_grid(solver, GroupSparse(), 30)
        path = solve_path(solver, GroupSparse(), strengths)
        residual = max(each.residual for each in path)
        words = "30 strengths"
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"group-sparse, logistic, {rows} x {features} x {tasks}, a fifth of the labels "
        f"missing, {words}: {seconds:.1f} s, residual {residual:.1e}, peak of the "
        f"process {memory:.0f} MB; features {x.nbytes / 2**20:.0f} MB",
        flush=True,
    )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave large data out")
    quick = parser.parse_args().quick
    with threadpool_limits(1):
        beside_scikit_learn(920, 30, 2, REPEATS)
        binary_path(920, 30, 2, folds=0)
        binary_path(920, 30, 2, folds=5)
        if quick:
            return
        binary_path(100_000, 100, 20, folds=0)
        beside_scikit_learn(100_000, 100, 20, 1)


if __name__ == "__main__":
    main()
