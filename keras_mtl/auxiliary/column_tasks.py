"""The task that predicts a column of any type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_mtl.auxiliary.helper import AuxiliaryHelper, require_known
from keras_mtl.errors import UserError
from keras_mtl.tasks.kinds import TASK_KINDS
from keras_mtl.tasks.task import Task

if TYPE_CHECKING:
    from keras_mtl.tables.column_store import Rows

__all__ = ["task_of_column"]

# The kind of task by the kind of feature that the column would be.
KINDS = {"numeric": "regression", "boolean": "binary", "categorical": "multiclass"}


def task_of_column(
    helper: AuxiliaryHelper, name: str, column: str, frame: Rows, source: str
) -> Task:
    """Return the task whose labels are a column.

    Args:
        helper: The helper that creates the task.
        name: The task's name.
        column: The column: numbers for a regression, words for yes and no or two
            categories for a binary task, more categories for a multiclass task.
        frame: The rows.
        source: The name of the data in messages.

    Raises:
        UserError: If the column is absent, or has neither numbers nor categories.
    """
    from keras_mtl.features import infer_features
    from keras_mtl.tasks.labels import label_words

    require_known(helper, [column], frame.columns, source)
    others = [each for each in frame.columns if each != column]
    inferred = infer_features(frame, exclude=others)
    kind = KINDS.get(inferred[0].kind) if inferred else None
    if kind is None:
        raise UserError(
            f"{source}, column {column!r}: auxiliary {helper.name!r} expects numbers "
            "or categories. Received: neither. Leave the column out, or give it a task "
            f"of its own (--auxiliary {name}:KIND:{column})."
        )
    if kind == "multiclass" and label_words(frame[column]).nunique() == 2:
        kind = "binary"
    return TASK_KINDS.load(kind)(name, column=None if name == column else column)
