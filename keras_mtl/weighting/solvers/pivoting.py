"""Principal pivots: the step of the package's exact small solvers.

The optimality conditions of the quadratic problems here are `s = M y + q`, with `s` and
`y` nonnegative and one of each pair zero. A table contains the map from the zero
variables to the others. A pivot on `k` exchanges `s_k` and `y_k` in the table by a
rank-one update. An active-set method therefore takes T^2 operations per exchange and
needs no factorization.
"""

from typing import Any

from keras import ops

__all__ = ["exchange", "unit_diagonal"]


def unit_diagonal(matrix: Any) -> tuple[Any, Any]:
    """Scale a positive semidefinite matrix to a diagonal of ones.

    The solver then treats rows of very different size alike.

    Args:
        matrix: The matrix, (..., T, T).

    Returns:
        The scaled matrix, and the roots of the diagonal, (..., T), which divide it on
        both sides; 1 where the diagonal is 0.
    """
    diagonal = ops.diagonal(matrix, axis1=-2, axis2=-1)
    roots = ops.where(diagonal > 0, ops.sqrt(ops.maximum(diagonal, 0.0)), 1.0)
    return matrix / (roots[..., :, None] * roots[..., None, :]), roots


def exchange(
    index: Any, go: Any, table: Any, diagonal: Any, columns: tuple[Any, ...], basic: Any
) -> tuple[Any, Any, tuple[Any, ...], Any]:
    """Exchange one variable in each of R problems.

    Args:
        index: The variable of each problem, (R,).
        go: 1 for problems with an exchange, 0 for unchanged problems, (R,).
        table: The maps, (R, T, T).
        diagonal: The diagonals of the maps, (R, T).
        columns: Right-hand sides that the exchange changes too, (R, T) each.
        basic: 1 where `y` is free and `s` is zero, (R, T).

    Returns:
        The new `table`, `diagonal`, `columns` and `basic`.
    """
    chosen = ops.one_hot(index, table.shape[-1], dtype=table.dtype)
    row = ops.take_along_axis(table, index[:, None, None], axis=1)[:, 0]
    pivot = ops.take_along_axis(diagonal, index[:, None], axis=1)
    # The table is symmetric except for the sign between the two kinds.
    here = ops.take_along_axis(basic, index[:, None], axis=1)
    column = row * (1.0 - 2.0 * ops.abs(basic - here))
    # With these two entries, one product also writes the pivot's row and column.
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
