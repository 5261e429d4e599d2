"""The template of what makes auxiliary tasks."""

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
    """Tasks that help others to learn, and the columns that they need.

    Attributes:
        tasks: The tasks, all of them auxiliary.
        computed: By name the expressions of the columns that hold their labels,
            where the data have none.
    """

    tasks: tuple[Task, ...]
    computed: Mapping[str, str] = field(default_factory=dict)


@declaration
class AuxiliaryHelper(Declaration, ABC):
    """Something that auxiliary tasks are made of. Use one of its kinds.

    A subclass is a kind. It knows which columns leave the inputs, and makes the
    tasks once the data are read.

    Args:
        name: The name of its task, or what the names of its tasks begin with.
        widths: The widths of the heads' hidden layers; by default those of
            `[heads]`.
        loss_weight: The factor of its tasks' losses in the total, which they
            share: of ten tasks each has a tenth.
    """

    kind: ClassVar[str]
    # Whether `make` is asked once the features are known.
    needs_features: ClassVar[bool] = False
    # Whether there is nothing to learn unless training hides inputs.
    needs_hidden_inputs: ClassVar[bool] = False

    name: Name
    widths: Widths | None = None
    loss_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0

    @classmethod
    def parse_column(cls, column: str) -> dict[str, Any]:
        """Reads what stands for COLUMN in `--auxiliary NAME:KIND:COLUMN`.

        Args:
            column: The text, `""` where there is none.

        Returns:
            Fields of the declaration as plain values.
        """
        return {"columns": _split(column)} if column else {}

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The columns that are labels and, for this, leave the inputs."""
        return ()

    @abstractmethod
    def make(
        self, frame: Rows, features: Sequence[Feature], source: str
    ) -> AuxiliaryTasks:
        """Makes the tasks.

        Args:
            frame: The rows.
            features: The features, for a kind that needs them; else none.
            source: What messages call the data.

        Raises:
            UserError: When the data cannot serve.
        """

    def share_weight(self, tasks: Iterable[Task]) -> tuple[Task, ...]:
        """Returns tasks that are auxiliary and share the weight of the loss."""
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
    """Requires columns that are in the data.

    Raises:
        UserError: With a message for each that is not.
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
