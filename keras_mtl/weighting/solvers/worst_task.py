"""The change of a given length that helps the worst task most."""

from typing import Any

from keras import ops

from keras_mtl.weighting.solvers.loops import bounded_loop
from keras_mtl.weighting.solvers.pivoting import exchange, unit_diagonal

__all__ = ["worst_task_weights"]

# Added to the diagonal, so that linearly dependent gradients have a unique solution.
# Double precision resolves this value well.
_RIDGE = 1e-10


def worst_task_weights(
    gramian: Any, products: Any, radius: Any, active: Any, tolerance: float
) -> tuple[Any, Any]:
    """Maximize `min_i g_i . (g + J^T y)` over changes `J^T y` of length `radius`.

    With the value `v` of the worst task, the optimality conditions are `G y +
    b - v >= 0`, `y >= 0` and one of each pair zero, where `b_i = g_i . g`.
    The solution is piecewise linear in `v`, and the length of the change grows with
    `v`. The method follows the path from `v = min b`, exchanges one variable at each
    bend, and ends at the given length.

    Args:
        gramian: The Gramian, (T, T), zero for dropped tasks.
        products: The products `b`, (T,).
        radius: The length of the change.
        active: 1 for the active tasks, 0 for dropped tasks, (T,).
        tolerance: The relative size that counts as rounding.

    Returns:
        The weights `y`, (T,), and whether the tasks are stationary. The convex hull of
        the gradients of stationary tasks contains 0, and no longer change helps the
        worst task.
    """
    size = gramian.shape[0]
    ridge = max(tolerance, _RIDGE)
    cosines, norms = unit_diagonal(gramian)
    matrix = cosines + ridge * ops.eye(size, dtype=gramian.dtype)
    offset, slope = products / norms, -active / norms
    target = ops.square(radius)

    def length_reached(value: Any, slope_now: Any, basic: Any) -> Any:
        # On the free variables, |J^T y|^2 = y . (v 1 - b), a parabola in v.
        free, rate = basic * value, basic * slope_now
        a = -ops.sum(rate * slope)
        b = -ops.sum(free * slope) - ops.sum(rate * offset)
        c = -ops.sum(free * offset) - target
        root = ops.sqrt(ops.maximum(ops.square(b) - 4.0 * a * c, 0.0))
        return ops.where(a > 0, (root - b) / ops.where(a > 0, 2.0 * a, 1.0), 0.0)

    def unfinished(go: Any, *_: Any) -> Any:
        return ops.max(go) > 0

    def body(
        go: Any,
        level: Any,
        table: Any,
        diagonal: Any,
        value: Any,
        rate: Any,
        basic: Any,
    ) -> tuple[Any, ...]:
        falling = rate[0] < 0
        bends = ops.where(falling, -value[0] / ops.where(falling, rate[0], 1.0), 0.0)
        bends = ops.where(falling, ops.maximum(bends, level), float("inf"))
        bend = ops.min(bends)
        started = ops.max(basic) > 0
        reached = length_reached(value[0], rate[0], basic[0])
        ends = ops.logical_or(ops.isinf(bend), target <= 0)
        ends = ops.logical_or(ends, ops.logical_and(started, reached <= bend))
        go = go * (1.0 - ops.cast(ends, go.dtype))
        level = ops.where(go[0] > 0, bend, level)
        table, diagonal, (value, rate), basic = exchange(
            ops.argmin(bends)[None], go, table, diagonal, (value, rate), basic
        )
        return go, level, table, diagonal, value, rate, basic

    nothing = ops.zeros_like(offset)[None]
    start = (
        ops.ones((1,), dtype=gramian.dtype),
        ops.convert_to_tensor(float("-inf"), dtype=gramian.dtype),
        matrix[None],
        ops.diagonal(matrix)[None],
        offset[None],
        slope[None],
        nothing,
    )
    end = bounded_loop(10 * size + 10, unfinished, body, start, fixed_limit=3 * size)
    value, rate, basic = (array[0] for array in end[4:])
    level = length_reached(value, rate, basic)
    weights = ops.maximum(basic * (value + level * rate), 0.0)
    square = ops.sum(weights * ops.matmul(cosines, weights))
    is_stationary = square <= 10.0 * ridge * ops.sum(ops.square(weights))
    is_stationary = ops.logical_and(is_stationary, ops.max(weights) > 0)
    # Corrects the small effect of the ridge on the length.
    length = ops.sqrt(ops.maximum(square, 0.0))
    return ops.divide_no_nan(weights * radius, length) / norms, is_stationary
