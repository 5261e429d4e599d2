"""The two quadratic problems over weights that are not negative."""

from typing import Any

from keras import ops

from keras_mtl.weighting.solvers.loops import bounded_loop
from keras_mtl.weighting.solvers.pivoting import exchange, unit_diagonal

__all__ = ["dual_cone_weights", "minimum_norm_weights", "nonnegative_minimum"]

# Double precision resolves no less after a few dozen exchanges.
_ROUNDING = 1e-12


def nonnegative_minimum(matrix: Any, linear: Any, tolerance: float) -> Any:
    """Return the minimum of `y^T M y / 2 + q^T y` over `y >= 0`, for R many q.

    The active-set method of Lawson and Hanson (Solving Least Squares Problems,
    1974, chapter 23), for all `q` side by side: free the variable whose
    derivative is lowest, move to the minimum over the free ones, and stop on
    the way at the first that would become negative. The solution is exact and
    `M` may be singular: a variable that depends on the free ones has no
    derivative and is never freed.

    Args:
        matrix: (T, T) positive semi-definite `M`.
        linear: (R, T) the vectors `q`, each in the range of `M`.
        tolerance: The relative size of what is taken for rounding.

    Returns:
        (R, T) the solutions.
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
        # Towards the minimum over the free variables, as far as they allow.
        negative = ops.logical_and(basic > 0, values < 0)
        distance = ops.where(negative, solution - values, 1.0)
        steps = ops.where(negative, solution / distance, 1.0)
        leaving = ops.any(negative, axis=1)
        blocked = ops.argmin(ops.where(negative, steps, 2.0), axis=1)
        step = ops.min(steps, axis=1, keepdims=True)
        solution = basic * ops.maximum(solution + step * (values - solution), 0.0)
        # There, the variable with the lowest derivative is freed.
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

    The projection of `J^T u` on the vectors that no gradient points against
    is `J^T w` with `w = argmin_{v >= u} v^T G v` (Quinton and Rey 2024,
    Proposition 1).

    Args:
        gramian: (T, T).
        targets: (R, T) the vectors `u`.
        tolerance: The relative size of what is taken for rounding.

    Returns:
        (R, T) the weights `w`.
    """
    linear = ops.matmul(targets, gramian)
    return targets + nonnegative_minimum(gramian, linear, tolerance)


def minimum_norm_weights(gramian: Any, active: Any, tolerance: float) -> Any:
    """Return the weights of the shortest vector in the gradients' convex hull.

    Minimises `w^T G w` over the simplex. The minimum of `y^T G y + (1 - sum
    y)^2` over `y >= 0` is a multiple of it: for a given direction `y / sum y`
    the best value is an increasing function of that direction's `w^T G w`.

    Args:
        gramian: (T, T), zero for dropped tasks.
        active: (T,) 1 for the tasks that count.
        tolerance: The relative size of what is taken for rounding.

    Returns:
        (T,) weights with the sum 1; zeros if no task is active.
    """
    # The shortest gradient sets the scale: the answer is no longer than it.
    norms = ops.where(active > 0, ops.diagonal(gramian), float("inf"))
    shortest = ops.min(norms)
    shortest = ops.where(ops.isinf(shortest), 1.0, shortest)
    matrix = gramian / shortest + active[:, None] * active[None, :]
    weights = nonnegative_minimum(matrix, -active[None], tolerance)[0]
    return ops.divide_no_nan(weights, ops.sum(weights))
