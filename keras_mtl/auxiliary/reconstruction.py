"""Auxiliary tasks that reconstruct hidden inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from keras_mtl._core.declarations import declaration
from keras_mtl.auxiliary.helper import AuxiliaryHelper, AuxiliaryTasks, require_known
from keras_mtl.errors import UserError
from keras_mtl.tables.expressions import quote_column
from keras_mtl.tasks.regression import RegressionTask

if TYPE_CHECKING:
    from keras_mtl.features.feature import Feature
    from keras_mtl.tables.column_store import Rows

__all__ = ["Reconstruction"]


@declaration
class Reconstruction(AuxiliaryHelper):
    """Auxiliary regressions that reconstruct numeric inputs from incomplete inputs.

    Each column becomes a regression named `NAME_COLUMN`. In training, `input_dropout`
    hides encoded columns at random, so the trunk learns how they depend on each other
    (Vincent et al. 2008). Without `input_dropout`, the task is trivial, and the run
    stops with an error.

    Args:
        name: See `AuxiliaryHelper`.
        widths: See `AuxiliaryHelper`.
        loss_weight: See `AuxiliaryHelper`.
        columns: The columns. By default all numeric inputs.

    Example:

    >>> import pandas as pd
    >>> from keras_mtl.features import NumericFeature
    >>> frame = pd.DataFrame({"age": [63, 41], "chol": [233, 250]})
    >>> features = [NumericFeature("age"), NumericFeature("chol")]
    >>> made = Reconstruction("inputs").make(frame, features, "rows.csv")
    >>> [task.name for task in made.tasks], dict(made.computed)["inputs_age"]
    (['inputs_age', 'inputs_chol'], 'age')
    """

    kind: ClassVar[str] = "reconstruction"
    needs_features: ClassVar[bool] = True
    needs_hidden_inputs: ClassVar[bool] = True

    columns: tuple[str, ...] = ()

    def make(
        self, frame: Rows, features: Sequence[Feature], source: str
    ) -> AuxiliaryTasks:
        from keras_mtl.features.infer import feature_name

        require_known(self, self.columns, frame.columns, source)
        numeric = [each.column_name for each in features if each.kind == "numeric"]
        wrong = [column for column in self.columns if column not in numeric]
        columns = self.columns or tuple(numeric)
        if wrong or not columns:
            received = ", ".join(map(repr, wrong)) or "none"
            raise UserError(
                f"{source}: auxiliary {self.name!r} (reconstruction) expects numeric "
                f"inputs. Received: {received}. Name others, or leave it out."
            )
        computed = {
            f"{self.name}_{feature_name(column)}": quote_column(column)
            for column in columns
        }
        tasks = self.share_weight(RegressionTask(name) for name in computed)
        return AuxiliaryTasks(tasks, computed)
