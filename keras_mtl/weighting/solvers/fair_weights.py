"""The equation of Nash-MTL and FairGrad."""

from typing import Any

from keras import ops

from keras_mtl.weighting.solvers.loops import bounded_loop
from keras_mtl.weighting.solvers.pivoting import unit_diagonal

__all__ = ["fair_weights"]

_RIDGE = 1e-10
_MOST_STEPS = 60


def fair_weights(gramian: Any, active: Any, alpha: Any, tolerance: float) -> Any:
    """Return the positive solution of `G w = w^{-1 / alpha}`.

    The solution is the minimum of the convex function `w^T G w / 2 - sum_i H(w_i)` with
    `H' = w^{-1 / alpha}`. Newton's method runs on the cosines, with `w = x / norm`.
    Each step has the best of ten lengths that keep `x` positive.

    Args:
        gramian: The Gramian, (T, T), zero for dropped tasks.
        active: 1 for the active tasks, 0 for dropped tasks, (T,).
        alpha: The fairness, above 0: a number or a scalar tensor.
        tolerance: The relative size that counts as rounding.

    Returns:
        The weights, (T,); 1 for dropped tasks.
    """
    power = ops.convert_to_tensor(1.0 / alpha, dtype=gramian.dtype)
    cosines, norms = unit_diagonal(gramian)
    identity = ops.eye(gramian.shape[0], dtype=gramian.dtype)
    dropped = 1.0 - active
    matrix = cosines + (max(tolerance, _RIDGE) * active + dropped)[:, None] * identity
    factor = ops.power(norms, power - 1.0)
    lengths = ops.power(2.0, -ops.arange(10, dtype=gramian.dtype))[:, None]

    # With alpha = 1, the primitive is a logarithm.
    is_logarithm = ops.equal(power, 1.0)
    exponent = ops.where(is_logarithm, 1.0, 1.0 - power)

    def function(x: Any) -> Any:
        primitive = ops.where(
            is_logarithm, ops.log(x), ops.power(x, exponent) / exponent
        )
        return 0.5 * ops.sum(x * ops.matmul(x, matrix), axis=-1) - ops.sum(
            factor * primitive, axis=-1
        )

    def unfinished(x: Any, change: Any) -> Any:
        # The length of the last step; the error is its square.
        return change > 1e-8

    def body(x: Any, change: Any) -> tuple[Any, Any]:
        pull = factor * ops.power(x, -power)
        # For relative steps, the Hessian is well scaled even for small x.
        hessian = x[:, None] * matrix * x[None, :]
        hessian = hessian + (power * pull * x)[:, None] * identity
        gradient = x * (ops.matmul(matrix, x) - pull)
        relative = -ops.linalg.solve(hessian, gradient[:, None])[:, 0]
        furthest = ops.maximum(-ops.min(relative), 0.0)
        longest = ops.minimum(1.0, 0.99 / ops.maximum(furthest, 0.99))
        candidates = x * (1.0 + longest * lengths * relative)
        best = ops.argmin(function(candidates))
        return ops.take(candidates, best, axis=0), ops.max(ops.abs(relative))

    start = ops.power(factor, alpha / (1.0 + alpha))
    change = ops.ones((), dtype=gramian.dtype)
    x, _ = bounded_loop(_MOST_STEPS, unfinished, body, (start, change))
    return x / norms
