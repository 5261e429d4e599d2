"""Times of paths of linear multi-task models: python -m benchmarks.linear_speed.

The paths of `keras_mtl.linear` have 30 strengths, from the smallest strength at which
all weights are 0 to a thousandth of it. For squared errors and all labels, scikit-learn
solves the same problem: `MultiTaskLasso` at the same strengths, each from the previous
solution, up to a duality gap with equally small residuals. `MultiTaskLasso` of skglm
does the same, if it is installed (extra `benchmarks`), after a first fit that compiles
it. The seconds are CPU time of one thread, which other processes disturb less than the
clock.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import time
from collections.abc import Callable
from typing import Any

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
    """Make correlated standardized features, and scores of the tasks."""
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(rows, 1))
    x = 0.7 * generator.normal(size=(rows, features)) + 0.7 * common
    x -= x.mean(axis=0)
    x /= x.std(axis=0)
    weights = generator.normal(size=(features, tasks))
    weights[features // 3 :] = 0.0
    return x, x @ weights + 2.0 * generator.normal(size=(rows, tasks))


def squared_tasks(scores: np.ndarray) -> list[LinearTask]:
    """Make one regression per column."""
    weights = np.full(len(scores), 1.0 / len(scores))
    return [LinearTask("squared", column[:, None], weights) for column in scores.T]


def binary_tasks(scores: np.ndarray, missing: float, seed: int = 1) -> list[LinearTask]:
    """Make one binary task per column, with a share of missing labels."""
    known = np.random.default_rng(seed).random(scores.shape) >= missing
    return [
        LinearTask("logistic", (column > 0).astype(float)[:, None], here / here.sum())
        for column, here in zip(scores.T, known.T, strict=True)
    ]


def median_seconds(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median CPU time of several runs, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return float(np.median(times))


def beside_peers(rows: int, features: int, tasks: int, repeats: int) -> None:
    """Print the times of a path of squared errors, for all solvers."""
    x, scores = make_rows(rows, features, tasks)
    found: dict[str, Any] = {}

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

    def skglm_path(strengths: np.ndarray) -> list[np.ndarray]:
        from skglm import MultiTaskLasso as SkglmLasso

        # The columns are already centered, so the solver does not center them.
        centered = np.asfortranarray(scores - scores.mean(axis=0))
        columns = np.asfortranarray(x)
        model = SkglmLasso(fit_intercept=False, warm_start=True, tol=TOLERANCE)
        path = []
        for strength in strengths:
            model.alpha = strength
            path.append(model.fit(columns, centered).coef_.T.copy())
        return path

    seconds = {"ours": median_seconds(ours, repeats)}
    found["ours"] = [each.weights for each in found["ours"]]
    seconds["scikit-learn"] = median_seconds(theirs, repeats)
    found["scikit-learn"] = found["theirs"]
    if importlib.util.find_spec("skglm") is not None:
        skglm_path(found["strengths"][:2])

        def compiled() -> None:
            found["skglm"] = skglm_path(found["strengths"])

        seconds["skglm"] = median_seconds(compiled, repeats)
    problem = LinearProblem(x, squared_tasks(scores))
    intercepts = scores.mean(axis=0)
    print(f"group-sparse, squared errors, {rows} x {features} x {tasks}, 30 strengths:")
    for name, each in seconds.items():
        residual = max(
            kkt_residual(problem, GroupSparse(float(r)), weights[None], intercepts)
            for r, weights in zip(found["strengths"], found[name], strict=True)
        )
        apart = max(
            float(np.abs(one - other).max())
            for one, other in zip(found["ours"], found[name], strict=True)
        )
        print(
            f"  {name}: {each:.3f} s, residual {residual:.1e}, weights apart from ours "
            f"by {apart:.1e}; ours takes {seconds['ours'] / each:.2f} of its time",
            flush=True,
        )


def binary_path(rows: int, features: int, tasks: int, folds: int) -> None:
    """Print the time of a path of binary tasks with a fifth of labels missing."""
    x, scores = make_rows(rows, features, tasks)
    labels = binary_tasks(scores, missing=0.2)
    start, worked = time.perf_counter(), time.process_time()
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
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    size = x.nbytes / 2**20
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"group-sparse, logistic, {rows} x {features} x {tasks}, a fifth of the labels "
        f"missing, {words}: {worked:.1f} s CPU, {seconds:.1f} s by the clock, residual "
        f"{residual:.1e}, peak of the process {memory:.0f} MB; features {size:.0f} MB",
        flush=True,
    )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave large data out")
    quick = parser.parse_args().quick
    with threadpool_limits(1):
        beside_peers(920, 30, 2, REPEATS)
        binary_path(920, 30, 2, folds=0)
        binary_path(920, 30, 2, folds=5)
        if quick:
            return
        binary_path(100_000, 100, 20, folds=0)
        beside_peers(100_000, 100, 20, 1)


if __name__ == "__main__":
    main()
