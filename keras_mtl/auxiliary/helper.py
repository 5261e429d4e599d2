"""The base class of helpers that create auxiliary tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from keras_mtl._core.declarations import Declaration, Name, Widths, declaration
from keras_mtl.errors import UserError
from keras_mtl.tasks.task import Task

if TYPE_CHECKING:
    from keras_mtl.features.feature import Feature
    from keras_mtl.tables.column_store import Rows

__all__ = ["AuxiliaryHelper", "AuxiliaryTasks", "require_known"]


@dataclass(frozen=True)
class AuxiliaryTasks:
    """Auxiliary tasks and the columns that they need.

    Attributes:
        tasks: The tasks, all of them auxiliary.
        computed: The expressions of label columns that are computed and not in the
            data, by column name.
    """

    tasks: tuple[Task, ...]
    computed: Mapping[str, str] = field(default_factory=dict)


@declaration
class AuxiliaryHelper(Declaration, ABC):
    """Base class of helpers, which create auxiliary tasks from the data.

    Use a subclass, such as `Hint`. It declares which columns are not inputs, and
    creates the tasks once the data are read.

    Args:
        name: The name of the task, or the prefix of the names of several tasks.
        widths: The widths of the heads' hidden layers; by default those of
            `[heads]`.
        loss_weight: The factor of the loss in the total. Several tasks share it: with
            ten tasks, each has a tenth.
    """

    kind: ClassVar[str]
    # Whether `make` is called after the features are known.
    needs_features: ClassVar[bool] = False
    # Whether the tasks are trivial unless training hides inputs.
    needs_hidden_inputs: ClassVar[bool] = False

    name: Name
    widths: Widths | None = None
    loss_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0

    @classmethod
    def parse_column(cls, column: str) -> dict[str, Any]:
        """Parse the text after the kind in `--auxiliary NAME:KIND:COLUMN`.

        Args:
            column: The text; `""` if the flag has none.

        Returns:
            Fields of the declaration as plain values.
        """
        return {"columns": _split(column)} if column else {}

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The columns that become labels and are therefore not inputs."""
        return ()

    @abstractmethod
    def make(
        self, frame: Rows, features: Sequence[Feature], source: str
    ) -> AuxiliaryTasks:
        """Create the tasks.

        Args:
            frame: The rows.
            features: The features, for kinds that need them.
            source: The name of the data in error messages.

        Raises:
            UserError: If the data cannot be used.
        """

    def share_weight(self, tasks: Iterable[Task]) -> tuple[Task, ...]:
        """Return the tasks as auxiliary tasks that share the loss weight."""
        tasks = tuple(tasks)
        weight = self.loss_weight / max(1, len(tasks))
        return tuple(
            task.replace(auxiliary=True, loss_weight=weight)
            if self.widths is None
            else task.replace(auxiliary=True, loss_weight=weight, widths=self.widths)
            for task in tasks
        )


def require_known(
    helper: AuxiliaryHelper, columns: Iterable[str], known: Collection[str], source: str
) -> None:
    """Check that columns are in the data.

    Raises:
        UserError: With one message per absent column.
    """
    from keras_mtl.errors import did_you_mean

    names = [str(column) for column in known]
    messages = [
        f"{source}: auxiliary {helper.name!r} ({helper.kind}) expects column "
        f"{column!r}, which is not there.{did_you_mean(column, names)}"
        for column in columns
        if column not in known
    ]
    if messages:
        raise UserError(*messages)


def _split(column: str) -> list[str]:
    return [part.strip() for part in column.split(",") if part.strip()]
