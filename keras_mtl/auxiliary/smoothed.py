"""Auxiliary tasks from a finer version of a coarse label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from keras_mtl._core.declarations import declaration
from keras_mtl.auxiliary.helper import AuxiliaryHelper, AuxiliaryTasks, require_known
from keras_mtl.errors import UserError
from keras_mtl.tables.expressions import quote_column
from keras_mtl.tasks.multilabel import MultilabelTask
from keras_mtl.tasks.regression import RegressionTask

if TYPE_CHECKING:
    from keras_mtl.features.feature import Feature
    from keras_mtl.tables.column_store import Rows

__all__ = ["Smoothed"]

MOST_LEVELS = 20


@declaration
class Smoothed(AuxiliaryHelper):
    """A finer version of a coarse label as an auxiliary task, such as a severity grade.

    With the form `"ordered"`, levels `a < b < c` become one multilabel task with one
    label per threshold: above a, above b (Frank and Hall 2001). With the form
    `"number"`, the column becomes a regression.

    Args:
        name: See `AuxiliaryHelper`.
        widths: See `AuxiliaryHelper`.
        loss_weight: See `AuxiliaryHelper`.
        column: The numeric column of the finer label. By default it has the name of the
            helper.
        form: `"ordered"` or `"number"`.

    Example:

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"num": [0, 1, 3, None]})
    >>> made = Smoothed("grade", column="num").make(frame, (), "rows.csv")
    >>> dict(made.computed)
    {'grade_over_0': 'num > 0', 'grade_over_1': 'num > 1'}
    """

    kind: ClassVar[str] = "smoothed"

    column: str | None = None
    form: Literal["ordered", "number"] = "ordered"

    @classmethod
    def parse_column(cls, column: str) -> dict[str, Any]:
        return {"column": column} if column else {}

    @property
    def label_columns(self) -> tuple[str, ...]:
        return (self.column or self.name,)

    def make(
        self, frame: Rows, features: Sequence[Feature], source: str
    ) -> AuxiliaryTasks:
        del features
        from keras_mtl.tables.text_values import format_number
        from keras_mtl.tasks.labels import label_numbers

        (column,) = self.label_columns
        require_known(self, [column], frame.columns, source)
        if self.form == "number":
            own = None if column == self.name else column
            return AuxiliaryTasks(
                self.share_weight([RegressionTask(self.name, column=own)])
            )
        numbers = label_numbers(frame[column])
        levels = sorted({float(each) for each in numbers if each == each})
        if not 2 < len(levels) <= MOST_LEVELS:
            raise UserError(
                f"{source}, column {column!r}: auxiliary {self.name!r} expects 3 to "
                f"{MOST_LEVELS} ordered levels, as numbers. Received: {len(levels)}. "
                'Choose the form "number" for a label of many values'
                f" (--auxiliary {self.name}:regression:{column})."
            )
        # Names have the positions of levels, since a level may be negative or a
        # fraction.
        read = quote_column(column)
        computed = {
            f"{self.name}_over_{index}": f"{read} > {format_number(level)}"
            for index, level in enumerate(levels[:-1])
        }
        task = MultilabelTask(self.name, labels=tuple(computed))
        return AuxiliaryTasks(self.share_weight([task]), computed)
