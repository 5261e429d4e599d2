"""Auxiliary tasks that predict whether values were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from keras_mtl._core.declarations import declaration
from keras_mtl.auxiliary.helper import AuxiliaryHelper, AuxiliaryTasks, require_known
from keras_mtl.errors import UserError
from keras_mtl.tables.expressions import quote_column
from keras_mtl.tasks.multilabel import MultilabelTask

if TYPE_CHECKING:
    from keras_mtl.features.feature import Feature
    from keras_mtl.tables.column_store import Rows

__all__ = ["MissingPattern"]

LEAST_SHARE = 0.01


@declaration
class MissingPattern(AuxiliaryHelper):
    """An auxiliary multilabel task that predicts which columns have values.

    Which values are recorded may depend on the case, for example on what a doctor
    suspects. A column that is an input and has a column for missing values is not
    allowed, since the task would be trivial.

    Args:
        name: See `AuxiliaryHelper`.
        widths: See `AuxiliaryHelper`.
        loss_weight: See `AuxiliaryHelper`.
        columns: The columns. By default all columns that are not inputs, including
            labels, in which 1% to 99% of the values are missing.

    Example:

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"thal": ["normal", None], "age": [63, 41]})
    >>> pattern = MissingPattern("recorded")
    >>> dict(pattern.make(frame, (), "rows.csv").computed)
    {'recorded_thal': 'not missing(thal)'}
    """

    kind: ClassVar[str] = "missing-pattern"
    needs_features: ClassVar[bool] = True

    columns: tuple[str, ...] = ()

    def make(
        self, frame: Rows, features: Sequence[Feature], source: str
    ) -> AuxiliaryTasks:
        from keras_mtl.features.infer import feature_name

        require_known(self, self.columns, frame.columns, source)
        inputs = {feature.column_name for feature in features}
        columns = self.columns or tuple(
            str(column)
            for column in frame.columns
            if column not in inputs and _varies(frame[column].isna().mean())
        )
        constant = [
            column for column in columns if frame[column].isna().mean() in (0.0, 1.0)
        ]
        if constant or not columns:
            received = ", ".join(map(repr, constant)) or "no such column"
            raise UserError(
                f"{source}: auxiliary {self.name!r} (missing-pattern) expects columns "
                "that are not inputs, in which some values are missing and some are "
                f"not. Received: {received}. Name others, or leave it out."
            )
        computed = {}
        for column in columns:
            text = f"not missing({quote_column(column)})"
            computed[f"{self.name}_{feature_name(column)}"] = text
        task = MultilabelTask(self.name, labels=tuple(computed))
        return AuxiliaryTasks(self.share_weight([task]), computed)


def _varies(share: float) -> bool:
    return LEAST_SHARE <= share <= 1 - LEAST_SHARE
