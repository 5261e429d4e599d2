"""The numbers that differ between the members of one program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import tensorflow as tf

from keras_mtl.engine.rows import steps_per_epoch
from keras_mtl.engine.trainer import MemberValues
from keras_mtl.tasks import Task
from keras_mtl.training.member_settings import MemberSettings
from keras_mtl.training.settings import TrainingSettings

__all__ = ["MemberNumbers", "member_numbers"]


@dataclass(frozen=True)
class MemberNumbers:
    """The numbers that tell members of one program apart.

    They are variables, so that a program that is compiled serves other numbers too.
    With one member the shapes have no axis K.

    Attributes:
        loss_weights: The constant factors of the tasks' losses, (K, T).
        learning_rate: The learning rates at the start, (K,).
        weight_decay: The decays of kernels, (K,).
        steps: The steps of the whole fit, (K,).
        dropout: See `MemberValues.rates`.
        row_weights: See `MemberValues`.
        weighting: See `Trainer`.
        architecture: See `MemberValues.settings`.
    """

    loss_weights: Any
    learning_rate: Any
    weight_decay: Any
    steps: Any
    dropout: dict[str, Any]
    row_weights: dict[str, Any]
    weighting: dict[str, Any]
    architecture: dict[str, Any]

    @property
    def values(self) -> MemberValues:
        """What the epoch feeds to layers and rows."""
        return MemberValues(self.dropout, self.row_weights, self.architecture)

    @property
    def decays(self) -> bool:
        """Whether any member has a decay."""
        return bool(np.any(np.asarray(self.weight_decay)))

    def variables(self) -> MemberNumbers:
        """Returns the same numbers in variables."""
        return self._map(lambda each: tf.Variable(each, trainable=False), self)

    def part(self, members: slice) -> MemberNumbers:
        """Returns the numbers of some members."""
        return self._map(lambda each: each[members], self)

    def assign(self, other: MemberNumbers) -> None:
        """Takes the numbers of other members, in variables of these shapes."""
        self._map(lambda variable, value: variable.assign(value), self, other)

    @staticmethod
    def _map(function: Any, *numbers: MemberNumbers) -> MemberNumbers:
        return MemberNumbers(
            *tf.nest.map_structure(
                function,
                *[
                    tuple(getattr(each, field.name) for field in fields(each))
                    for each in numbers
                ],
            )
        )


def member_numbers(
    tasks: Sequence[Task],
    rows: Sequence[np.ndarray],
    settings: TrainingSettings,
    own: MemberSettings,
    layers: Sequence[str],
) -> MemberNumbers:
    """Collect what members have of their own, and what the settings say for all.

    Args:
        tasks: The tasks.
        rows: For each member its training rows.
        settings: The settings.
        own: What members have of their own.
        layers: The names of the architecture's dropout layers.
    """
    count = len(rows)
    axis = (0,) if count == 1 else (slice(None),)
    loss_weights = own.loss_weights or {}
    row_weights = own.row_weights
    if row_weights is not None and not isinstance(row_weights, Mapping):
        row_weights = {task.name: row_weights for task in tasks}

    def by_name(values: Mapping[str, Any] | None, dtype: str) -> dict[str, Any]:
        return {
            name: np.asarray(each, dtype)[axis] for name, each in (values or {}).items()
        }

    return MemberNumbers(
        np.stack(
            [
                _column(count, loss_weights.get(task.name), task.loss_weight)
                for task in tasks
            ],
            axis=1,
        )[axis],
        _column(count, own.learning_rate, settings.learning_rate)[axis],
        _column(count, own.weight_decay, settings.weight_decay)[axis],
        # By a member's own steps: what others do is nothing to it.
        np.array(
            [
                settings.epochs * steps_per_epoch([each], settings.batch_size)
                for each in rows
            ],
            "float32",
        )[axis],
        by_name(own.dropout_rates(layers), "float32"),
        by_name(row_weights, "float32"),
        # Weightings compute in double precision.
        by_name(own.weighting, "float64"),
        by_name(own.architecture, "float32"),
    )


def _column(members: int, values: Any, common: float) -> np.ndarray:
    full = np.full(members, common) if values is None else values
    return np.asarray(full, "float32")
