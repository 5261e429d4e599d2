"""Minimization of a loss and a penalty to a given residual."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from sklearn.exceptions import ConvergenceWarning

from keras_mtl.linear.curvature import Curvature
from keras_mtl.linear.penalties import Penalty, Quadratic
from keras_mtl.linear.problem import LinearProblem

__all__ = ["LinearSolution", "LinearSolver", "kkt_residual"]

# The largest numbers of iterations; both loops reach their residual long before.
MOST_STEPS = 20_000
MOST_UPDATES = 500
# If an update leaves a larger share of the residual, the curvatures are computed again.
SLOW = 0.5


@dataclass(frozen=True)
class LinearSolution:
    """The weights that minimize the sum of a loss and a penalty.

    Attributes:
        variable: The penalty's variable, (parts, d, K).
        intercepts: The intercepts, (K,).
        residual: The violation of the optimality conditions: see `kkt_residual`.
    """

    variable: np.ndarray
    intercepts: np.ndarray
    residual: float

    @property
    def weights(self) -> np.ndarray:
        """The weights, (d, K)."""
        return self.variable.sum(axis=0)


def kkt_residual(
    problem: LinearProblem,
    penalty: Penalty,
    variable: np.ndarray,
    intercepts: np.ndarray,
) -> float:
    """Return the violation of the optimality conditions at a point.

    The result is the largest change of any weight in one step of size 1 of the proximal
    gradient method, or the largest derivative by an intercept if that is larger. It is
    0 only at a minimum.

    Args:
        problem: The loss.
        penalty: The penalty.
        variable: The penalty's variable, (parts, d, K).
        intercepts: The intercepts, (K,).
    """
    scores = problem.scores(variable.sum(axis=0), intercepts)
    return _residual(penalty, variable, *problem.gradient(scores))


def _residual(
    penalty: Penalty,
    variable: np.ndarray,
    gradient: np.ndarray,
    intercept_gradient: np.ndarray,
) -> float:
    change = variable - penalty.prox(variable - gradient, 1.0)
    largest = np.abs(change).max(initial=0.0)
    return float(max(largest, np.abs(intercept_gradient).max(initial=0.0)))


class LinearSolver:
    """Proximal Newton method that reuses its matrices between solutions.

    Each update minimizes a quadratic model of the loss plus the penalty: in closed form
    if the penalty is also quadratic, otherwise by FISTA with restarts on the rows of
    features whose weights are not zero. The matrices of the model have the size d x d
    and take much longer to compute than a gradient. The solver therefore reuses them,
    also from one strength to the next, until the updates become slow. A squared loss
    equals its quadratic model and needs one update.

    Args:
        problem: The loss.
        tolerance: The residual to reach; see `kkt_residual`.
    """

    def __init__(self, problem: LinearProblem, tolerance: float = 1e-7) -> None:
        self.problem = problem
        self.tolerance = tolerance
        self._curvature: Curvature | None = None
        self._largest = 0.0
        # For squared errors only: the gradient of the model at zero.
        self._linear = np.zeros((0, 0))
        self._slope = np.zeros(0)

    def start(self, penalty: Penalty) -> LinearSolution:
        """Return a solution with zero weights and the best intercepts."""
        problem = self.problem
        variable = np.zeros((penalty.parts, problem.width, problem.outputs))
        return LinearSolution(variable, problem.base_intercepts(), np.inf)

    def zero_from(self, penalty: Penalty) -> float | None:
        """Return the smallest strength that makes all weights zero, or None."""
        start = self.start(penalty)
        scores = self.problem.scores(start.weights, start.intercepts)
        return penalty.zero_from(self.problem.gradient(scores)[0])

    def solve(self, penalty: Penalty, start: LinearSolution) -> LinearSolution:
        """Minimize the loss and a penalty.

        Args:
            penalty: The penalty.
            start: The initial solution, such as the solution for another strength.

        Returns:
            The solution. If it does not reach the tolerance, the method issues a
            `ConvergenceWarning`.
        """
        solve = self._solve_squared if self.problem.is_quadratic else self._solve_any
        solution = solve(penalty, start)
        if solution.residual > max(self.tolerance, 1e-6):
            warnings.warn(
                f"{penalty}: the weights are not at the minimum yet: expected a "
                f"residual of {self.tolerance:g}; it is {solution.residual:.2g}. A "
                "larger strength, or fewer features that repeat others, helps.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return solution

    def _solve_squared(self, penalty: Penalty, start: LinearSolution) -> LinearSolution:
        """Minimize a quadratic loss, which needs the rows only once."""
        if self._curvature is None:
            problem = self.problem
            zeros = np.zeros((problem.width, problem.outputs))
            scores = problem.scores(zeros, np.zeros(problem.outputs))
            gradient, intercept_gradient = problem.gradient(scores)
            self._curvature = problem.curvature(scores)
            self._largest = self._curvature.largest()
            self._linear = self._curvature.reduce(gradient, intercept_gradient)
            self._slope = intercept_gradient
        curvature = self._curvature
        variable = _minimize_model(
            curvature,
            self._linear,
            penalty,
            start.variable,
            0.5 * self.tolerance,
            self._largest,
        )
        weights = variable.sum(axis=0)
        gradient = self._linear + curvature.apply(weights)
        intercepts = curvature.intercept_step(self._slope, weights)
        return LinearSolution(
            variable,
            intercepts,
            _residual(penalty, variable, gradient, np.zeros(1)),
        )

    def _solve_any(self, penalty: Penalty, start: LinearSolution) -> LinearSolution:
        problem = self.problem
        variable, intercepts = start.variable, start.intercepts
        scores = problem.scores(variable.sum(axis=0), intercepts)
        residual, size = np.inf, 1.0
        for _ in range(MOST_UPDATES):
            gradient, intercept_gradient = problem.gradient(scores)
            before = residual
            residual = _residual(penalty, variable, gradient, intercept_gradient)
            if residual <= self.tolerance or size == 0.0:
                break
            if self._curvature is None or size < 1.0 or residual > SLOW * before:
                self._curvature = problem.curvature(scores)
                self._largest = self._curvature.largest()
            curvature = self._curvature
            reduced = curvature.reduce(gradient, intercept_gradient)
            found = _minimize_model(
                curvature,
                reduced - curvature.apply(variable.sum(axis=0)),
                penalty,
                variable,
                0.1 * max(self.tolerance, min(residual, residual**1.5)),
                self._largest,
            )
            weights_change = (found - variable).sum(axis=0)
            intercepts_change = curvature.intercept_step(
                intercept_gradient, weights_change
            )
            size, scores = self._search(
                penalty,
                (variable, found, intercepts, intercepts_change),
                scores,
                float((gradient * weights_change).sum())
                + float(intercept_gradient @ intercepts_change),
            )
            change = size * (found - variable)
            variable = found if size == 1.0 else variable + change
            intercepts = intercepts + size * intercepts_change
        return LinearSolution(variable, intercepts, residual)

    def _search(
        self,
        penalty: Penalty,
        step: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
        scores: np.ndarray,
        slope: float,
    ) -> tuple[float, np.ndarray]:
        """Shorten a step until it lowers the objective enough.

        Returns:
            The size of the step, 0 if rounding prevents an improvement, and the scores
            after the step.
        """
        variable, found, intercepts, intercepts_change = step
        problem = self.problem
        whole = problem.scores(found.sum(axis=0), intercepts + intercepts_change)
        old = penalty.value(variable)
        promised = slope + penalty.value(found) - old
        loss = float(problem.task_values(scores).sum())
        rounding = 1e-13 * max(1.0, abs(loss + old))
        size = 1.0
        while size > 1e-6:
            # The scores are linear in the step.
            new = whole if size == 1.0 else scores + size * (whole - scores)
            part = found if size == 1.0 else variable + size * (found - variable)
            value = float(problem.task_values(new).sum()) + penalty.value(part)
            if value <= loss + old + 0.1 * size * promised + rounding:
                return size, new
            size *= 0.5
        return 0.0, scores


def _minimize_model(
    curvature: Curvature,
    linear: np.ndarray,
    penalty: Penalty,
    start: np.ndarray,
    tolerance: float,
    largest: float,
) -> np.ndarray:
    """Minimize `<linear, W> + <W, H W> / 2` and a penalty."""
    if isinstance(penalty, Quadratic):
        return _closed_form(curvature, linear, penalty)[None]
    if not penalty.by_rows:
        return _fista(curvature, linear, penalty, start, tolerance, largest)
    # Rows outside of the working set stay zero until they violate their conditions.
    step = 1.0 / max(largest * penalty.parts, 1e-12)
    variable = start
    working = (variable != 0).any(axis=(0, 2))
    while True:
        gradient = linear + curvature.apply(variable.sum(axis=0))
        moved = penalty.prox(variable - step * gradient, step)
        wrong = np.abs(moved - variable).max(axis=(0, 2)) > step * tolerance
        if not wrong.any():
            return variable
        violated = wrong & ~working
        working |= wrong
        rows = np.flatnonzero(working)
        small = curvature.of_rows(rows)
        # Rows outside are zero, so they do not change the gradient.
        part = _fista(
            small,
            linear[rows],
            penalty,
            variable[:, rows],
            0.5 * tolerance,
            small.largest(),
        )
        variable = np.zeros_like(variable)
        variable[:, rows] = part
        if not violated.any():
            # No row was added, so the result of FISTA is final.
            return variable


def _fista(
    curvature: Curvature,
    linear: np.ndarray,
    penalty: Penalty,
    start: np.ndarray,
    tolerance: float,
    largest: float,
) -> np.ndarray:
    """Run accelerated proximal gradient steps, with restarts when they reverse.

    See Beck and Teboulle 2009; O'Donoghue and Candes 2015.
    """
    bound = max(largest * penalty.parts, 1e-12)
    step = 1.0 / bound
    # A step of 1 changes a weight at most by the gradient of the model.
    enough = tolerance * min(step, 1.0)
    variable, ahead, momentum = start, start, 1.0
    for _ in range(MOST_STEPS):
        gradient = linear + curvature.apply(
            ahead[0] if penalty.parts == 1 else ahead.sum(axis=0)
        )
        new = penalty.prox(ahead - step * gradient, step)
        back = ahead - new
        if np.abs(back).max(initial=0.0) <= enough:
            return new
        forward = new - variable
        if np.vdot(back, forward) > 0:
            momentum, ahead = 1.0, new
        else:
            following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
            ahead = new + ((momentum - 1.0) / following) * forward
            momentum = following
        variable = new
    return variable


def _closed_form(
    curvature: Curvature, linear: np.ndarray, penalty: Quadratic
) -> np.ndarray:
    """Solve `H w + apart w = (apart - together) mean - linear` for all outputs.

    The weights are linear in the mean of the outputs, so the mean solves a system of d
    equations.
    """
    apart, together = penalty.curvatures
    width, outputs = linear.shape
    pull = apart - together
    weights = np.empty_like(linear)
    response = np.zeros((width, width))
    responses = []
    for block in curvature.blocks:
        solve = _solver(block.matrix + apart * np.eye(len(block.matrix)))
        block.put(solve(-block.take(linear)), weights)
        if pull:
            size = block.outputs.shape[1]
            of_mean = solve(np.tile(np.eye(width), (size, 1)))
            responses.append((block, of_mean))
            share = len(block.outputs) / outputs
            response += share * of_mean.reshape(size, width, width).sum(axis=0)
    if not pull:
        return weights
    system = np.eye(width) - pull * response
    mean = _solver(system, symmetric=False)(weights.mean(axis=1, keepdims=True))
    follow = np.empty_like(weights)
    for block, of_mean in responses:
        block.put(np.tile(of_mean @ mean, len(block.outputs)), follow)
    return weights + pull * follow


def _solver(matrix: np.ndarray, symmetric: bool = True):
    """Return a function that solves systems of a matrix, even if it is singular."""
    if symmetric:
        try:
            factors = scipy.linalg.cho_factor(matrix)
        except np.linalg.LinAlgError:
            pass
        else:
            diagonal = np.abs(np.diagonal(factors[0]))
            if diagonal.min(initial=1.0) > 1e-6 * diagonal.max(initial=0.0):
                return lambda right: scipy.linalg.cho_solve(factors, right)
    # The shortest of many solutions.
    return lambda right: np.linalg.lstsq(matrix, right, rcond=1e-12)[0]
