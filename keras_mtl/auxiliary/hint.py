"""Auxiliary tasks from relevant facts that a network hardly finds by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, field_validator

from keras_mtl._core.declarations import declaration
from keras_mtl.auxiliary.column_tasks import task_of_column
from keras_mtl.auxiliary.helper import AuxiliaryHelper, AuxiliaryTasks
from keras_mtl.tables.expressions import parse_expression
from keras_mtl.tasks.binary import BinaryTask
from keras_mtl.tasks.regression import RegressionTask

if TYPE_CHECKING:
    from keras_mtl.features.feature import Feature
    from keras_mtl.tables.column_store import Rows

__all__ = ["Hint"]


@declaration
class Hint(AuxiliaryHelper):
    """An expression of the inputs, or an input itself, as an auxiliary task.

    A condition becomes a binary task, and a number a regression. The columns of the
    expression stay inputs: the trunk learns to compute the expression (Abu-Mostafa
    1990). If the expression is a single column, this column is removed from the inputs
    and predicted (Caruana and de Sa 1997).

    Args:
        name: See `AuxiliaryHelper`.
        widths: See `AuxiliaryHelper`.
        loss_weight: See `AuxiliaryHelper`.
        expression: See `keras_mtl.tables.expressions.parse_expression`.

    Example:

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [40, 60], "pulse": [190, 110]})
    >>> hint = Hint("reached", expression="pulse >= 220 - age")
    >>> made = hint.make(frame, (), "rows.csv")
    >>> made.tasks[0].kind, dict(made.computed)
    ('binary', {'reached': 'pulse >= 220 - age'})
    """

    kind: ClassVar[str] = "hint"

    expression: Annotated[str, Field(validate_default=True)] = ""

    @field_validator("expression")
    @classmethod
    def _check_expression(cls, value: str) -> str:
        parse_expression(value)
        return value

    @classmethod
    def parse_column(cls, column: str) -> dict[str, Any]:
        return {"expression": column}

    @property
    def label_columns(self) -> tuple[str, ...]:
        column = parse_expression(self.expression).column
        return () if column is None else (column,)

    def make(
        self, frame: Rows, features: Sequence[Feature], source: str
    ) -> AuxiliaryTasks:
        del features
        expression = parse_expression(self.expression)
        if expression.column is not None:
            task = task_of_column(self, self.name, expression.column, frame, source)
            return AuxiliaryTasks(self.share_weight([task]))
        kind = BinaryTask if expression.is_condition else RegressionTask
        tasks = self.share_weight([kind(self.name)])
        return AuxiliaryTasks(tasks, {self.name: self.expression})
