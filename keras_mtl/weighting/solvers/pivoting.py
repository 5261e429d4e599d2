"""Principal pivots: the one step of the package's exact small solvers.

The optimality conditions of the quadratic problems here read `s = M y + q`,
with `s` and `y` not negative and one of each pair zero. A table holds the map
from the zero ones to the others; a pivot on `k` exchanges `s_k` and `y_k` in
it by one rank-one update, so that an active-set method costs T^2 an exchange
and needs no factorisation.
"""

from typing import Any

from keras import ops

__all__ = ["exchange", "unit_diagonal"]


def unit_diagonal(matrix: Any) -> tuple[Any, Any]:
    """Scale a positive semi-definite matrix to a diagonal of ones.

    Rows of very different size are then alike to the solver.

    Args:
        matrix: (..., T, T).

    Returns:
        The scaled matrix, and the (..., T) roots of the diagonal that divide
        it on both sides, 1 where the diagonal is 0.
    """
    diagonal = ops.diagonal(matrix, axis1=-2, axis2=-1)
    roots = ops.where(diagonal > 0, ops.sqrt(ops.maximum(diagonal, 0.0)), 1.0)
    return matrix / (roots[..., :, None] * roots[..., None, :]), roots


def exchange(
    index: Any, go: Any, table: Any, diagonal: Any, columns: tuple[Any, ...], basic: Any
) -> tuple[Any, Any, tuple[Any, ...], Any]:
    """Exchange one variable in each of R problems.

    Args:
        index: (R,) the variable of each problem.
        go: (R,) 1 where the exchange is made, 0 where nothing changes.
        table: (R, T, T) the map.
        diagonal: (R, T) its diagonal.
        columns: (R, T) right-hand sides that follow the exchange.
        basic: (R, T) 1 where `y` is free and `s` zero.

    Returns:
        The new `table`, `diagonal`, `columns` and `basic`.
    """
    chosen = ops.one_hot(index, table.shape[-1], dtype=table.dtype)
    row = ops.take_along_axis(table, index[:, None, None], axis=1)[:, 0]
    pivot = ops.take_along_axis(diagonal, index[:, None], axis=1)
    # The table is symmetric but for the sign between the two kinds.
    here = ops.take_along_axis(basic, index[:, None], axis=1)
    column = row * (1.0 - 2.0 * ops.abs(basic - here))
    # With these two entries one product writes the pivot's row and column too.
    column = ops.where(chosen > 0, pivot + 1.0, column)
    row = ops.where(chosen > 0, pivot - 1.0, row)
    go = go[:, None]
    column = column * go / ops.where(go > 0, pivot, 1.0)
    columns = tuple(
        side - column * ops.take_along_axis(side, index[:, None], axis=1)
        for side in columns
    )
    table = table - column[:, :, None] * row[:, None, :]
    return (
        table,
        diagonal - column * row,
        columns,
        basic + go * chosen * (1 - 2 * basic),
    )
