"""The two quadratic problems over nonnegative weights."""

from typing import Any

from keras import ops

from keras_mtl.weighting.solvers.loops import bounded_loop
from keras_mtl.weighting.solvers.pivoting import exchange, unit_diagonal

__all__ = ["dual_cone_weights", "minimum_norm_weights", "nonnegative_minimum"]

# The relative rounding error in double precision after a few dozen exchanges.
_ROUNDING = 1e-12


def nonnegative_minimum(matrix: Any, linear: Any, tolerance: float) -> Any:
    """Minimize `y^T M y / 2 + q^T y` over `y >= 0`, for R vectors `q`.

    This is the active-set method of Lawson and Hanson (Solving Least Squares Problems,
    1974, chapter 23), for all `q` at once. Each iteration frees the variable with the
    lowest derivative and moves to the minimum over the free variables, but stops at the
    first variable that would become negative. The solution is exact. `M` may be
    singular: a variable that depends on the free ones has no derivative and is never
    freed.

    Args:
        matrix: `M`, positive semidefinite, (T, T).
        linear: The vectors `q`, each in the range of `M`, (R, T).
        tolerance: The relative size that counts as rounding.

    Returns:
        The solutions, (R, T).
    """
    tolerance = max(tolerance, _ROUNDING)
    problems, size = linear.shape
    matrix, roots = unit_diagonal(matrix)
    values = linear / roots
    least = -tolerance * ops.max(ops.abs(values), axis=1, keepdims=True)
    nothing = ops.zeros_like(values)

    def unfinished(go: Any, *_: Any) -> Any:
        return ops.max(go) > 0

    def body(
        go: Any, table: Any, diagonal: Any, values: Any, basic: Any, solution: Any
    ) -> tuple[Any, ...]:
        # Move toward the minimum over the free variables until one would be negative.
        negative = ops.logical_and(basic > 0, values < 0)
        distance = ops.where(negative, solution - values, 1.0)
        steps = ops.where(negative, solution / distance, 1.0)
        leaving = ops.any(negative, axis=1)
        blocked = ops.argmin(ops.where(negative, steps, 2.0), axis=1)
        step = ops.min(steps, axis=1, keepdims=True)
        solution = basic * ops.maximum(solution + step * (values - solution), 0.0)
        # At the minimum, free the variable with the lowest derivative.
        free = ops.logical_and(basic < 1, diagonal > tolerance)
        gains = ops.where(ops.logical_and(free, values < least), values, 0.0)
        index = ops.where(leaving, blocked, ops.argmin(gains, axis=1))
        go = ops.logical_or(leaving, ops.any(gains < 0, axis=1))
        go = ops.cast(go, values.dtype)
        table, diagonal, (values,), basic = exchange(
            index, go, table, diagonal, (values,), basic
        )
        return go, table, diagonal, values, basic, solution

    start = (
        ops.ones((problems,), dtype=values.dtype),
        ops.tile(matrix[None], (problems, 1, 1)),
        ops.tile(ops.diagonal(matrix)[None], (problems, 1)),
        values,
        nothing,
        nothing,
    )
    solution = bounded_loop(
        10 * size + 10, unfinished, body, start, fixed_limit=3 * size
    )[-1]
    return solution / roots


def dual_cone_weights(gramian: Any, targets: Any, tolerance: float) -> Any:
    """Return the weights of the projections on the dual cone of the gradients.

    The projection of `J^T u` on the vectors whose inner product with every gradient is
    nonnegative is `J^T w` with `w = argmin_{v >= u} v^T G v` (Quinton and Rey 2024,
    Proposition 1).

    Args:
        gramian: The Gramian, (T, T).
        targets: The vectors `u`, (R, T).
        tolerance: The relative size that counts as rounding.

    Returns:
        The weights `w`, (R, T).
    """
    linear = ops.matmul(targets, gramian)
    return targets + nonnegative_minimum(gramian, linear, tolerance)


def minimum_norm_weights(gramian: Any, active: Any, tolerance: float) -> Any:
    """Return the weights of the shortest vector in the gradients' convex hull.

    The weights minimize `w^T G w` over the simplex. The minimum of `y^T G y + (1 - sum
    y)^2` over `y >= 0` is a multiple of the weights: for a given direction `y / sum y`,
    the best value is an increasing function of that direction's `w^T G w`.

    Args:
        gramian: The Gramian, (T, T), zero for dropped tasks.
        active: 1 for the active tasks, 0 for dropped tasks, (T,).
        tolerance: The relative size that counts as rounding.

    Returns:
        The weights, (T,), with the sum 1; zeros if no task is active.
    """
    # The shortest gradient sets the scale: the result is not longer.
    norms = ops.where(active > 0, ops.diagonal(gramian), float("inf"))
    shortest = ops.min(norms)
    shortest = ops.where(ops.isinf(shortest), 1.0, shortest)
    matrix = gramian / shortest + active[:, None] * active[None, :]
    weights = nonnegative_minimum(matrix, -active[None], tolerance)[0]
    return ops.divide_no_nan(weights, ops.sum(weights))
