"""Trained members and their history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl._core.html import html_table
from keras_mtl.engine.training_graph import statistics
from keras_mtl.model.multi_task_model import MultiTaskModel
from keras_mtl.training._trained_members import TrainedMembers

__all__ = ["MemberFit"]


@dataclass(frozen=True)
class MemberFit:
    """Result of a fit of several members: the models and their history.

    Attributes:
        members: The trained models, each of which is created when it is accessed.
        history: Arrays of shape (epochs, members) by Keras's names of metrics; NaN
            after a member has stopped.
        epochs: The epoch of each member's weights, counted from 1.
    """

    members: TrainedMembers
    history: dict[str, np.ndarray]
    epochs: np.ndarray

    @classmethod
    def of_models(
        cls, models: Sequence[MultiTaskModel], history: dict[str, np.ndarray]
    ) -> MemberFit:
        """Return the result for models that were computed and not trained here.

        Args:
            models: Models of one architecture.
            history: See `MemberFit`.
        """
        first = models[0]

        def stacked(variables: Callable[[MultiTaskModel], Any]) -> list[np.ndarray]:
            columns = zip(*(variables(model) for model in models), strict=True)
            return [np.stack([each.numpy() for each in column]) for column in columns]

        members = TrainedMembers(
            first,
            0,
            range(len(models)),
            stacked(lambda model: model.trainable_variables),
            stacked(statistics),
            {},
        )
        epochs = len(next(iter(history.values())))
        return cls(members, history, np.full(len(models), epochs))

    def mean_history(self) -> dict[str, np.ndarray]:
        """Return the history as a mean over the members, of shape (epochs,).

        A member that has stopped counts with its last values. Otherwise the mean would
        jump each time a member stops.
        """
        columns = {name: pd.DataFrame(values) for name, values in self.history.items()}
        return {
            name: values.ffill().mean(axis=1).to_numpy()
            for name, values in columns.items()
        }

    def _repr_html_(self) -> str:
        columns = [name for name in self.history if name.endswith("loss")]
        rows = []
        for member, epoch in enumerate(self.epochs):
            losses = [float(self.history[name][epoch - 1, member]) for name in columns]
            rows.append((member, int(epoch), *losses))
        return html_table(
            f"{len(self.epochs)} members, with the weights of their best epochs",
            ("member", "epoch", *columns),
            rows,
        )
