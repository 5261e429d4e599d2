"""Solutions are those of cvxpy on small problems, and of skglm's solver."""

import numpy as np
import pytest

from keras_mtl.linear import (
    Clustered,
    Dirty,
    GroupSparse,
    LinearProblem,
    LinearSolver,
    LinearTask,
    LowRank,
)

ROWS, WIDTH, TASKS = 40, 5, 4
GENERATOR = np.random.default_rng(0)
FEATURES = GENERATOR.normal(size=(ROWS, WIDTH)) + 0.3
NUMBERS = FEATURES @ GENERATOR.normal(size=(WIDTH, TASKS))
NUMBERS += GENERATOR.normal(size=NUMBERS.shape)
# Each task lacks every fourth label, two are regressions, and two are binary.
KNOWN = np.arange(ROWS)[:, None] % 4 != np.arange(TASKS)
LABELS = np.where(np.arange(TASKS) < 2, NUMBERS, NUMBERS > 0)


def solve(penalty, tolerance=1e-8):
    tasks = [
        LinearTask(
            "squared" if index < 2 else "logistic",
            LABELS[:, [index]],
            KNOWN[:, index] / KNOWN[:, index].sum(),
        )
        for index in range(TASKS)
    ]
    solver = LinearSolver(LinearProblem(FEATURES, tasks), tolerance)
    solution = solver.solve(penalty, solver.start(penalty))
    return solution.weights, solution.intercepts


def convex_loss(cvxpy, weights, intercepts):
    """The loss of the tasks, as cvxpy writes it."""
    total = 0
    for index in range(TASKS):
        rows = np.flatnonzero(KNOWN[:, index])
        scores = FEATURES[rows] @ weights[:, index] + intercepts[index]
        labels = LABELS[rows, index]
        losses = cvxpy.sum_squares(scores - labels) / 2
        if index >= 2:
            losses = cvxpy.sum(cvxpy.logistic(scores)) - labels @ scores
        total = total + losses / len(rows)
    return total


def minimize(cvxpy, loss, penalty, constraints=()):
    problem = cvxpy.Problem(cvxpy.Minimize(loss + penalty), [*constraints])
    # The default of the interior point method leaves 1e-8 of the objective.
    problem.solve(solver=cvxpy.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11)


@pytest.mark.parametrize("name", ["group-sparse", "low-rank", "dirty", "clustered"])
def test_cvxpy_finds_the_same_weights(name):
    cvxpy = pytest.importorskip("cvxpy")
    weights = cvxpy.Variable((WIDTH, TASKS))
    intercepts = cvxpy.Variable(TASKS)
    constraints = []
    whole = weights
    if name == "group-sparse":
        ours = GroupSparse(0.1)
        penalty = 0.1 * cvxpy.sum(cvxpy.norm(weights, 2, axis=1))
    elif name == "low-rank":
        ours = LowRank(0.1)
        penalty = 0.1 * cvxpy.normNuc(weights)
    elif name == "dirty":
        ours = Dirty(0.1, shared=1.7)
        own = cvxpy.Variable((WIDTH, TASKS))
        rows = cvxpy.sum(cvxpy.max(cvxpy.abs(weights), axis=1))
        penalty = 0.1 * (1.7 * rows + cvxpy.sum(cvxpy.abs(own)))
        whole = weights + own
    else:
        ours = Clustered(0.2, clusters=2, ridge=0.3)
        between = cvxpy.Variable((TASKS, TASKS), symmetric=True)
        constraints = [between >> 0, between << np.eye(TASKS)]
        constraints.append(cvxpy.trace(between) == 2)
        spread = cvxpy.matrix_frac(weights.T, 0.3 * np.eye(TASKS) + between)
        penalty = 0.2 / 2 * 0.3 * 1.3 * spread
    minimize(cvxpy, convex_loss(cvxpy, whole, intercepts), penalty, constraints)
    found, offsets = solve(ours)
    np.testing.assert_allclose(found, whole.value, atol=1e-4)
    np.testing.assert_allclose(offsets, intercepts.value, atol=1e-4)


def test_skglm_finds_the_same_weights():
    skglm = pytest.importorskip("skglm")
    weights = np.full(ROWS, 1 / ROWS)
    tasks = [LinearTask("squared", column[:, None], weights) for column in NUMBERS.T]
    solver = LinearSolver(LinearProblem(FEATURES, tasks), 1e-8)
    for strength in (0.5, 0.1, 0.01):
        penalty = GroupSparse(strength)
        found = solver.solve(penalty, solver.start(penalty))
        model = skglm.MultiTaskLasso(alpha=strength, tol=1e-10, fit_intercept=False)
        model.fit(
            np.asfortranarray(FEATURES - FEATURES.mean(axis=0)),
            np.asfortranarray(NUMBERS - NUMBERS.mean(axis=0)),
        )
        np.testing.assert_allclose(found.weights, model.coef_.T, atol=1e-6)
