"""Auxiliary tasks from columns that are known only after the predicted event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, field_validator

from keras_mtl._core.declarations import declaration
from keras_mtl.auxiliary.column_tasks import task_of_column
from keras_mtl.auxiliary.helper import AuxiliaryHelper, AuxiliaryTasks
from keras_mtl.errors import UserError, gather
from keras_mtl.tasks.task import Task

if TYPE_CHECKING:
    from keras_mtl.features.feature import Feature
    from keras_mtl.tables.column_store import Rows

__all__ = ["Hindsight"]


@declaration
class Hindsight(AuxiliaryHelper):
    """Columns that are known only after the event, as labels of auxiliary tasks.

    Such columns exist for training rows but can never be inputs, since they come too
    late for predictions. Each column becomes a task named `NAME_COLUMN`: a regression
    for numbers, otherwise a binary or multi-class task. The columns are removed from
    the inputs (Caruana, Baluja and Mitchell 1996).

    Args:
        name: See `AuxiliaryHelper`.
        widths: See `AuxiliaryHelper`.
        loss_weight: See `AuxiliaryHelper`.
        columns: The columns.

    Example:

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"pulse": [95, 120.5], "pain": ["yes", "no"]})
    >>> later = Hindsight("exercise", columns=("pulse", "pain"))
    >>> [(task.name, task.kind) for task in later.make(frame, (), "rows.csv").tasks]
    [('exercise_pulse', 'regression'), ('exercise_pain', 'binary')]
    """

    kind: ClassVar[str] = "hindsight"

    columns: Annotated[tuple[str, ...], Field(validate_default=True)] = ()

    @field_validator("columns")
    @classmethod
    def _check_columns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) < len(value):
            raise ValueError(
                "expected the names of one or more distinct columns, such as "
                f"columns = ['pulse', 'pain']; received {list(value)}"
            )
        return value

    @property
    def label_columns(self) -> tuple[str, ...]:
        return self.columns

    def make(
        self, frame: Rows, features: Sequence[Feature], source: str
    ) -> AuxiliaryTasks:
        from keras_mtl.features.infer import feature_name

        del features
        tasks: list[Task] = []
        errors: list[str] = []
        for column in self.columns:
            name = f"{self.name}_{feature_name(column)}"
            with gather(errors):
                tasks.append(task_of_column(self, name, column, frame, source))
        if errors:
            raise UserError(*errors)
        return AuxiliaryTasks(self.share_weight(tasks))
