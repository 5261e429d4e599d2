"""The task that predicts a column, whatever the column holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_mtl.auxiliary.helper import AuxiliaryHelper, require_known
from keras_mtl.errors import UserError
from keras_mtl.tasks.kinds import TASK_KINDS
from keras_mtl.tasks.task import Task

if TYPE_CHECKING:
    from keras_mtl.tables.column_store import Rows

__all__ = ["task_of_column"]

# By the kind of the feature that the column would be.
KINDS = {"numeric": "regression", "boolean": "binary", "categorical": "multiclass"}


def task_of_column(
    helper: AuxiliaryHelper, name: str, column: str, frame: Rows, source: str
) -> Task:
    """Return the task whose labels a column holds.

    Args:
        helper: What the task is for.
        name: The task's name.
        column: The column: numbers for a regression, words for yes and no or two
            categories for a binary task, more categories for a multiclass one.
        frame: The rows.
        source: What messages call the data.

    Raises:
        UserError: If the column is absent, or holds neither numbers nor
            categories.
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
