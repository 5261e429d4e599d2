"""Solutions meet the conditions of the minimum, and agree with other solvers."""

import numpy as np
import pytest
import scipy.optimize
from sklearn.linear_model import Lasso as SklearnLasso
from sklearn.linear_model import LogisticRegression, MultiTaskLasso
from sklearn.linear_model import Ridge as SklearnRidge

from keras_mtl.linear import (
    Clustered,
    Dirty,
    GroupSparse,
    Lasso,
    LinearProblem,
    LinearSolver,
    LinearTask,
    LowRank,
    MeanRegularised,
    Ridge,
    kkt_residual,
)

ROWS, WIDTH, TASKS = 90, 7, 3
GENERATOR = np.random.default_rng(0)
FEATURES = GENERATOR.normal(size=(ROWS, WIDTH)) + 0.3
TRUE = GENERATOR.normal(size=(WIDTH, TASKS)) * (np.arange(WIDTH) < 4)[:, None]
NUMBERS = FEATURES @ TRUE + GENERATOR.normal(size=(ROWS, TASKS))
ALL = np.full(ROWS, 1 / ROWS)


def part(index):
    """Row weights of a task that lacks every fourth label."""
    known = np.arange(ROWS) % 4 != index
    return known / known.sum()


def squared(weights=None):
    return [
        LinearTask("squared", NUMBERS[:, [t]], ALL if weights is None else weights(t))
        for t in range(TASKS)
    ]


def mixed():
    """A task of each loss, each with labels missing, the missing ones NaN."""
    classes = np.eye(3)[np.digitize(NUMBERS[:, 1], [-1, 1])]
    columns = [NUMBERS[:, [0]], (NUMBERS[:, [2]] > 0).astype(float), classes]
    tasks = []
    for index, (loss, labels) in enumerate(
        zip(("squared", "logistic", "softmax"), columns, strict=True)
    ):
        weights = part(index)
        labels = np.where(weights[:, None] > 0, labels, np.nan)
        tasks.append(LinearTask(loss, labels, weights))
    return tasks


PENALTIES = [
    Lasso(0.05),
    GroupSparse(0.07),
    Dirty(0.05, shared=1.5),
    LowRank(0.1),
    Ridge(0.05),
    MeanRegularised(0.1, ridge=0.02),
    Clustered(0.1, clusters=2, ridge=0.2),
]


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("tasks", [squared(), squared(part), mixed()])
def test_the_conditions_of_the_minimum_hold(penalty, tasks):
    problem = LinearProblem(FEATURES, tasks)
    solver = LinearSolver(problem, tolerance=1e-8)
    found = solver.solve(penalty, solver.start(penalty))
    # The residual that is reported, and the one that the rows themselves give.
    assert found.residual < 1e-8
    assert kkt_residual(problem, penalty, found.variable, found.intercepts) < 1e-7


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda each: type(each).__name__)
def test_a_general_minimizer_finds_nothing_lower(penalty):
    problem = LinearProblem(FEATURES, mixed())
    solver = LinearSolver(problem, tolerance=1e-8)
    found = solver.solve(penalty, solver.start(penalty))
    shape = found.variable.shape

    def objective(numbers):
        variable = numbers[: found.variable.size].reshape(shape)
        intercepts = numbers[found.variable.size :]
        return problem.value(variable.sum(axis=0), intercepts) + penalty.value(variable)

    ours = np.concatenate([found.variable.ravel(), found.intercepts])
    general = scipy.optimize.minimize(objective, ours, method="L-BFGS-B")
    assert objective(ours) <= general.fun + 1e-7


@pytest.mark.parametrize("tasks", [squared(part), mixed()])
def test_gradients_are_those_of_the_loss(tasks):
    problem = LinearProblem(FEATURES, tasks)
    weights = GENERATOR.normal(size=(WIDTH, problem.outputs))
    intercepts = GENERATOR.normal(size=problem.outputs)
    gradient, slope = problem.gradient(problem.scores(weights, intercepts))

    def value(numbers):
        return problem.value(
            numbers[: weights.size].reshape(weights.shape), numbers[weights.size :]
        )

    point = np.concatenate([weights.ravel(), intercepts])
    expected = scipy.optimize.approx_fprime(point, value, 1e-6)
    np.testing.assert_allclose(
        np.concatenate([gradient.ravel(), slope]), expected, atol=1e-4
    )


def test_second_derivatives_are_those_of_the_gradient_at_the_best_intercepts():
    problem = LinearProblem(FEATURES, mixed())
    weights = 0.3 * GENERATOR.normal(size=(WIDTH, problem.outputs))
    intercepts = 0.3 * GENERATOR.normal(size=problem.outputs)
    scores = problem.scores(weights, intercepts)
    curvature = problem.curvature(scores)
    direction = GENERATOR.normal(size=weights.shape)
    # Along this line the intercepts keep their slopes.
    follow = curvature.intercept_step(np.zeros(problem.outputs), direction)
    before, slope_before = problem.gradient(scores)
    size = 1e-6
    after, slope_after = problem.gradient(
        problem.scores(weights + size * direction, intercepts + size * follow)
    )
    np.testing.assert_allclose(slope_after, slope_before, atol=1e-9)
    np.testing.assert_allclose(
        (after - before) / size, curvature.apply(direction), atol=1e-5
    )


def solve(tasks, penalty):
    solver = LinearSolver(LinearProblem(FEATURES, tasks), tolerance=1e-10)
    found = solver.solve(penalty, solver.start(penalty))
    return found.weights, found.intercepts


@pytest.mark.parametrize("strength", [0.02, 0.3, 2.0])
def test_group_sparsity_is_that_of_scikit_learn(strength):
    theirs = MultiTaskLasso(alpha=strength, tol=1e-12, max_iter=100_000)
    theirs.fit(FEATURES, NUMBERS)
    weights, intercepts = solve(squared(), GroupSparse(strength))
    np.testing.assert_allclose(weights, theirs.coef_.T, atol=1e-6)
    np.testing.assert_allclose(intercepts, theirs.intercept_, atol=1e-6)
    np.testing.assert_array_equal(weights == 0, theirs.coef_.T == 0)


def test_lasso_and_ridge_are_those_of_scikit_learn_on_the_labeled_rows():
    tasks = squared(part)
    lasso, lasso_intercepts = solve(tasks, Lasso(0.1))
    ridge, ridge_intercepts = solve(tasks, Ridge(0.1))
    for task in range(TASKS):
        known = part(task) > 0
        rows, labels = FEATURES[known], NUMBERS[known, task]
        theirs = SklearnLasso(0.1, tol=1e-12, max_iter=100_000).fit(rows, labels)
        np.testing.assert_allclose(lasso[:, task], theirs.coef_, atol=1e-6)
        assert lasso_intercepts[task] == pytest.approx(theirs.intercept_, abs=1e-6)
        # Their loss is a sum of squares.
        theirs = SklearnRidge(0.1 * known.sum()).fit(rows, labels)
        np.testing.assert_allclose(ridge[:, task], theirs.coef_, atol=1e-8)
        assert ridge_intercepts[task] == pytest.approx(theirs.intercept_, abs=1e-8)


def test_logistic_and_softmax_are_those_of_scikit_learn():
    yes = (NUMBERS[:, 0] > 0).astype(float)
    classes = np.digitize(NUMBERS[:, 1], [-1, 1])
    tasks = [
        LinearTask("logistic", yes[:, None], ALL),
        LinearTask("softmax", np.eye(3)[classes], ALL),
    ]
    weights, intercepts = solve(tasks, Ridge(0.03))
    for labels, columns in ((yes, slice(0, 1)), (classes, slice(1, 4))):
        theirs = LogisticRegression(C=1 / (0.03 * ROWS), tol=1e-10, max_iter=10_000)
        theirs.fit(FEATURES, labels)
        np.testing.assert_allclose(weights[:, columns], theirs.coef_.T, atol=1e-4)
        # Intercepts of a softmax count by their differences.
        ours = intercepts[columns]
        if len(ours) > 1:
            ours = ours - ours.mean()
        expected = theirs.intercept_
        expected = expected - (expected.mean() if len(expected) > 1 else 0)
        np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_the_pull_to_the_mean_is_a_kernel_between_tasks():
    """Evgeniou and Pontil 2004: (1 / mu + [s = t]) <x, x'>, by kernel ridge."""
    strength, ridge = 0.4, 0.05
    labels = NUMBERS - NUMBERS.mean(axis=0)
    rows = FEATURES - FEATURES.mean(axis=0)
    tasks = [LinearTask("squared", labels[:, [t]], ALL) for t in range(TASKS)]
    solver = LinearSolver(LinearProblem(rows, tasks), tolerance=1e-12)
    penalty = MeanRegularised(strength, ridge=ridge)
    weights = solver.solve(penalty, solver.start(penalty)).weights
    between = np.eye(TASKS) + strength / (TASKS * ridge)
    kernel = np.kron(between, rows @ rows.T)
    # The loss is a mean over the rows.
    factor = ROWS * (strength + ridge)
    duals = np.linalg.solve(kernel + factor * np.eye(len(kernel)), labels.T.ravel())
    expected = (kernel @ duals).reshape(TASKS, ROWS).T
    np.testing.assert_allclose(rows @ weights, expected, atol=1e-8)


def test_strength_zero_is_each_task_alone():
    tasks = squared(part)
    expected, _ = solve(tasks, Ridge(0.0))
    for penalty in (GroupSparse(0.0), LowRank(0.0), Lasso(0.0)):
        np.testing.assert_allclose(solve(tasks, penalty)[0], expected, atol=1e-7)
    ridge, _ = solve(tasks, Ridge(0.05))
    mean = MeanRegularised(0.0, ridge=0.05)
    np.testing.assert_allclose(solve(tasks, mean)[0], ridge, atol=1e-10)


def test_a_large_strength_is_zero_or_the_pooled_model():
    for penalty in (Lasso(1e3), GroupSparse(1e3), Dirty(1e3), LowRank(1e3)):
        weights, intercepts = solve(squared(), penalty)
        assert not weights.any()
        np.testing.assert_allclose(intercepts, NUMBERS.mean(axis=0))
    pooled = LinearTask("squared", NUMBERS.mean(axis=1, keepdims=True), ALL)
    expected, _ = solve([pooled], Ridge(0.05))
    weights, _ = solve(squared(), MeanRegularised(1e8, ridge=0.05))
    np.testing.assert_allclose(weights, np.tile(expected, TASKS), atol=1e-6)


def test_a_cluster_for_each_task_leaves_ridge():
    clustered = Clustered(0.5, clusters=TASKS, ridge=0.2)
    weights, _ = solve(squared(), clustered)
    expected, _ = solve(squared(), Ridge(0.5 * 0.2))
    np.testing.assert_allclose(weights, expected, atol=1e-7)


def test_dirty_weights_have_their_two_ends():
    """P costs too much from a row's length on, and Q is never cheaper up to 1."""
    tasks = squared()
    expected, _ = solve(tasks, Lasso(0.1))
    np.testing.assert_allclose(
        solve(tasks, Dirty(0.1, shared=TASKS))[0], expected, atol=1e-7
    )
    solver = LinearSolver(LinearProblem(FEATURES, tasks), tolerance=1e-9)
    penalty = Dirty(0.1, shared=0.9)
    assert not solver.solve(penalty, solver.start(penalty)).variable[1].any()


def test_columns_that_repeat_others_are_solved_too():
    features = np.hstack([FEATURES, FEATURES[:, :3], np.zeros((ROWS, 1))])
    for tasks in (squared(part), mixed()):
        problem = LinearProblem(features, tasks)
        for penalty in PENALTIES:
            solver = LinearSolver(problem, tolerance=1e-7)
            found = solver.solve(penalty, solver.start(penalty))
            assert found.residual < 1e-7
            assert np.isfinite(found.variable).all()


def test_row_weights_count_as_copies_of_rows():
    counts = np.arange(ROWS) % 3 + 1
    copies = np.repeat(np.arange(ROWS), counts)
    one = [
        LinearTask(task.loss, task.labels, task.weights * counts) for task in mixed()
    ]
    two = [
        LinearTask(task.loss, task.labels[copies], task.weights[copies])
        for task in mixed()
    ]
    found = []
    for features, tasks in ((FEATURES, one), (FEATURES[copies], two)):
        solver = LinearSolver(LinearProblem(features, tasks), tolerance=1e-9)
        penalty = GroupSparse(0.1)
        found.append(solver.solve(penalty, solver.start(penalty)).weights)
    np.testing.assert_allclose(*found, atol=1e-7)
