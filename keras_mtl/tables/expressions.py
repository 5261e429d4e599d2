"""Columns computed from other columns by a small expression.

Python's parser reads the expression, but it is never executed as Python. A walk over
the tree accepts columns, numbers, texts, a few operators and functions, and refuses
everything else.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from keras_mtl.errors import UserError, did_you_mean

if TYPE_CHECKING:
    # Settings are checked before NumPy and pandas are loaded.
    import numpy as np
    import pandas as pd

    from keras_mtl.tables.column_store import ColumnStore

__all__ = ["Expression", "compute_column", "parse_expression", "quote_column"]

Kind = Literal["number", "condition", "text", "column"]

LONGEST = 1000
ROWS_AT_ONCE = 65_536
QUOTED = re.compile(r"`([^`]*)`")
STAND_IN = "column_in_quotes_"
FUNCTIONS = ("abs", "exp", "log", "missing", "sqrt")
FORMS = (
    "Expected columns, numbers, + - * / **, comparisons, and, or, not, in, and the "
    f"functions {', '.join(FUNCTIONS)}"
)
ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}


@dataclass(frozen=True)
class Expression:
    """A parsed and checked expression.

    Attributes:
        text: The expression as it was written.
        tree: The root of its tree.
        columns: The columns that it reads, in the order of their first use.
        is_condition: Whether its values are 1 and 0, for true and false, instead of
            numbers.
        column: The name of the column if the expression is only a column; otherwise
            None.
    """

    text: str
    tree: ast.expr
    columns: tuple[str, ...]
    is_condition: bool
    column: str | None = None

    def __call__(self, columns: Mapping[str, pd.Series]) -> np.ndarray:
        """Compute the values of some rows.

        Args:
            columns: The columns of the expression by name, each of shape (N,).

        Returns:
            The values, float64 of shape (N,): NaN if a value that the result depends on
            is missing, or if the result is not finite.

        Raises:
            UserError: When a column holds words where numbers are needed.
        """
        import numpy as np

        with np.errstate(all="ignore"):
            values = _evaluate(self.tree, columns)
        rows = len(next(iter(columns.values())))
        values = np.broadcast_to(np.asarray(values, "float64"), (rows,))
        return np.where(np.isfinite(values), values, np.nan)


def parse_expression(text: str) -> Expression:
    """Parse an expression.

    A column name with other characters than letters, digits and `_` is written in
    backquotes, as in pandas. The two sides of `==`, `!=` and `in` may be a column and
    texts. `missing(column)` is true where a value is missing.

    Args:
        text: The expression.

    Raises:
        ValueError: If the text does not have this form, or if its operands do not fit
            together.

    Example:

    >>> parse_expression("pulse >= 220 - age").columns
    ('pulse', 'age')
    >>> import pandas as pd
    >>> columns = {"age": pd.Series([40, 60, None]), "pulse": pd.Series([190, 110, 90])}
    >>> parse_expression("pulse >= 220 - age")(columns).tolist()
    [1.0, 0.0, nan]
    """
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise ValueError(
            f"expected an expression of 1 to {LONGEST} characters, such as "
            f"'pulse >= 220 - age'; received {str(text)[:60]!r}"
        )
    names: list[str] = []

    def keep(match: re.Match[str]) -> str:
        names.append(match[1])
        return f"{STAND_IN}{len(names) - 1}"

    try:
        tree = ast.parse(QUOTED.sub(keep, text.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(
            f"expected an expression, such as 'pulse >= 220 - age'; received {text!r}. "
            f"{FORMS}"
        ) from None
    columns: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id.startswith(STAND_IN):
            node.id = names[int(node.id.removeprefix(STAND_IN))]
    try:
        kind = _check(tree, columns, text)
    except RecursionError:
        raise ValueError(f"expected a shorter expression; received {text!r}") from None
    if kind == "text" or not columns:
        raise ValueError(
            f"expected an expression that reads columns; received {text!r}"
        )
    column = tree.id if isinstance(tree, ast.Name) else None
    return Expression(text, tree, tuple(columns), kind == "condition", column)


def quote_column(column: str) -> str:
    """Return the name of a column as written in an expression.

    Example:

    >>> quote_column("age"), quote_column("blood pressure")
    ('age', '`blood pressure`')
    """
    plain = column.isidentifier() and column.isascii()
    return column if plain and not keyword.iskeyword(column) else f"`{column}`"


def compute_column(
    frame: ColumnStore,
    name: str,
    expression: Expression,
    source: str,
    missing: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Add a computed column to a table, one run of rows at a time.

    Args:
        frame: The rows, with the columns that the expression reads.
        name: The name of the new column.
        expression: The expression of the column.
        source: The name of the data in messages.
        missing: The numbers that mean missing, by column.

    Raises:
        UserError: If a column is absent or holds words where numbers are needed, or if
            the file has a column with the name.
    """
    known = [str(column) for column in frame.columns]
    where = f"{source}: computed column {name!r} ({expression.text})"
    errors = [
        f"{where}: expected columns of the file. Received: {column!r}, which is not "
        f"there.{did_you_mean(column, known)}"
        for column in expression.columns
        if column not in frame
    ]
    if name in frame:
        errors.append(
            f"{where}: expected a name that no column of the file has. Rename it."
        )
    if errors:
        raise UserError(*errors)
    values = frame.allocate(len(frame), "float64")
    for start in range(0, len(frame), ROWS_AT_ONCE):
        rows = slice(start, min(start + ROWS_AT_ONCE, len(frame)))
        part = frame.frame(expression.columns, rows)
        read = {
            column: _mask(part[column], (missing or {}).get(column, ()))
            for column in expression.columns
        }
        try:
            values[rows] = expression(read)
        except UserError as error:
            raise UserError(*(f"{where}: {each}" for each in error.messages)) from None
    frame.add(name, values)


def _mask(values: pd.Series, numbers: Sequence[float]) -> pd.Series:
    import pandas as pd

    if not numbers:
        return values
    return values.mask(pd.to_numeric(values, errors="coerce").isin(numbers))


def _check(node: ast.expr, columns: list[str], text: str) -> Kind:
    """Return the kind of a part of a tree, and collect its columns."""
    match node:
        case ast.Name(id=name):
            if name not in columns:
                columns.append(name)
            return "column"
        case ast.Constant(value=str()):
            return "text"
        case ast.Constant(value=int() | float() as number):
            # In Python truth values are numbers, too.
            if not isinstance(number, bool) and abs(number) < float("inf"):
                return "number"
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _require(operand, "number", columns, text)
            return "number"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _require(operand, "condition", columns, text)
            return "condition"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            _require(left, "number", columns, text)
            _require(right, "number", columns, text)
            return "number"
        case ast.BoolOp(values=values):
            for value in values:
                _require(value, "condition", columns, text)
            return "condition"
        case ast.Compare():
            _check_comparison(node, columns, text)
            return "condition"
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
            if name == "missing" and isinstance(argument, ast.Name):
                _check(argument, columns, text)
                return "condition"
            if name in FUNCTIONS and name != "missing":
                _require(argument, "number", columns, text)
                return "number"
    raise ValueError(f"{ast.unparse(node)!r} in {text!r} is not understood. {FORMS}")


def _require(node: ast.expr, kind: Kind, columns: list[str], text: str) -> None:
    found = _check(node, columns, text)
    if found != kind and not (found == "column" and kind == "number"):
        raise ValueError(
            f"expected a {kind} in {ast.unparse(node)!r} of {text!r}; received a "
            f"{found}"
        )


def _check_comparison(node: ast.Compare, columns: list[str], text: str) -> None:
    sides = [node.left, *node.comparators]
    for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
                raise ValueError(
                    f"expected a list behind 'in', such as in ('a', 'b'), in {text!r}"
                )
            pairs = [(left, each) for each in right.elts]
        elif type(op) in COMPARISONS:
            pairs = [(left, right)]
        else:
            raise ValueError(f"a comparison in {text!r} is not understood. {FORMS}")
        for first, second in pairs:
            kinds = {_check(first, columns, text), _check(second, columns, text)}
            is_order = not isinstance(op, ast.In | ast.NotIn | ast.Eq | ast.NotEq)
            sound = kinds <= {"number", "column"} or (
                kinds == {"text", "column"} and not is_order
            )
            if not sound:
                raise ValueError(
                    f"expected two numbers, or a column and a text with == or in, on "
                    f"the sides of a comparison in {text!r}; received a "
                    f"{' and a '.join(sorted(kinds))}"
                )


def _evaluate(node: ast.expr, columns: Mapping[str, pd.Series]) -> Any:
    import numpy as np

    match node:
        case ast.Name(id=name):
            return _numbers(columns[name])
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type]
        case ast.UnaryOp(op=op, operand=operand):
            value = _evaluate(operand, columns)
            if isinstance(op, ast.Not):
                return 1.0 - value
            return -value if isinstance(op, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right):
            operate = getattr(np, ARITHMETIC[type(op)])
            # NumPy refuses negative powers of whole numbers, so they become floats.
            first, second = (
                np.asarray(_evaluate(side, columns), "float64")
                for side in (left, right)
            )
            return operate(first, second)
        case ast.BoolOp(op=op, values=values):
            # One false value decides "and", one true value decides "or". Otherwise a
            # missing value makes the result missing.
            parts = np.broadcast_arrays(*[_evaluate(each, columns) for each in values])
            decides = 0.0 if isinstance(op, ast.And) else 1.0
            decided = np.any([part == decides for part in parts], axis=0)
            unknown = np.any([np.isnan(part) for part in parts], axis=0)
            rest = np.where(unknown, np.nan, 1.0 - decides)
            return np.where(decided, decides, rest)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [left, *comparators]
            result: Any = 1.0
            for comparison, one, other in zip(ops, sides, sides[1:], strict=False):
                # NaN remains NaN unless one comparison is false.
                held = _compare(comparison, one, other, columns)
                decided = (np.asarray(result) == 0) | (held == 0)
                result = np.where(decided, 0.0, result * held)
            return result
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            if name == "missing" and isinstance(argument, ast.Name):
                return columns[argument.id].isna().to_numpy("float64")
            function: Callable[[Any], Any] = getattr(np, name)
            return function(_evaluate(argument, columns))
    raise AssertionError(ast.dump(node))


def _compare(
    op: ast.cmpop, left: ast.expr, right: ast.expr, columns: Mapping[str, pd.Series]
) -> np.ndarray:
    """Return 1 where a comparison is true, 0 where false, NaN where unknown."""
    import numpy as np

    if isinstance(op, ast.In | ast.NotIn):
        assert isinstance(right, ast.Tuple | ast.List)
        any_of = np.maximum.reduce(
            [_compare(ast.Eq(), left, each, columns) for each in right.elts]
        )
        return any_of if isinstance(op, ast.In) else 1.0 - any_of
    texts = [side for side in (left, right) if isinstance(side, ast.Constant)]
    if texts and isinstance(texts[0].value, str):
        column = right if left is texts[0] else left
        assert isinstance(column, ast.Name)
        first, unknown = _words(columns[column.id])
        second: Any = texts[0].value
    else:
        first, second = _evaluate(left, columns), _evaluate(right, columns)
        unknown = np.isnan(first) | np.isnan(second)
    held = getattr(np, COMPARISONS[type(op)])(first, second)
    return np.where(unknown, np.nan, held)


def _words(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    from keras_mtl.tables.text_values import to_words

    return to_words(values), values.isna().to_numpy()


def _numbers(values: pd.Series) -> np.ndarray:
    import pandas as pd

    numbers = pd.to_numeric(values, errors="coerce")
    words = numbers.isna() & values.notna()
    if words.any():
        raise UserError(
            f"expected numbers in column {str(values.name)!r}. Received: "
            f"{str(values[words].iloc[0])!r}. Compare words by == or in."
        )
    return numbers.to_numpy("float64")
