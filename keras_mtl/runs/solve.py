"""Solution for the weights of a run's architecture, in place of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from keras_mtl.architectures import Solution, SolvedRows, SolvedSettings
from keras_mtl.errors import UserError
from keras_mtl.model import MultiTaskModel
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.splits import fold_rows, label_strata
from keras_mtl.tasks.class_weights import class_weight_table
from keras_mtl.training import MemberFit
from keras_mtl.training.settings import TrainingSettings

__all__ = ["solve_rows"]


def solve_rows(
    settings: SolvedSettings,
    model: MultiTaskModel,
    matrix: np.ndarray,
    data: PreparedData,
    rows: np.ndarray,
    training: TrainingSettings,
    names: Sequence[str],
    seed: int,
    labels: Mapping[str, np.ndarray] | None = None,
) -> tuple[MemberFit, Solution]:
    """Solve for a model's weights on some rows.

    Args:
        settings: The architecture's settings.
        model: The model that the settings built. The fit has another model if the shape
            depends on the rows.
        matrix: All rows, encoded, (N, columns).
        data: The labels, groups and sample weights of all rows.
        rows: The positions of the training rows.
        training: The training settings, with the weights of the classes.
        names: The names of the encoded features.
        seed: The seed of the folds.
        labels: Labels of all rows by task name, in place of the labels of the data.

    Returns:
        The model as the only member of a fit without epochs, and the solution.
    """
    given = data.labels if labels is None else labels
    here = {task.name: given[task.name][rows] for task in model.tasks}
    weights = {}
    for task in model.tasks:
        counted = np.ones(len(rows))
        if data.sample_weight is not None:
            counted = counted * data.sample_weight[rows]
        if task.name in training.class_weights:
            given_weights = training.class_weights[task.name]
            table = class_weight_table(task, given_weights, here[task.name])
            classes = np.where(here[task.name] >= 0, here[task.name], 0)
            counted = counted * table[classes.astype(int)]
        weights[task.name] = counted
    solved = SolvedRows(
        matrix[rows],
        here,
        weights,
        _folds(settings, model, here, data.groups[rows], seed),
        names,
    )
    model, solution = settings.solve_model(model, solved)
    # The only member is already a model.
    return MemberFit(cast(Any, [model]), {}, np.zeros(0, int)), solution


def _folds(
    settings: SolvedSettings,
    model: MultiTaskModel,
    labels: Mapping[str, np.ndarray],
    groups: np.ndarray,
    seed: int,
) -> np.ndarray:
    count = min(settings.fold_count(), len(np.unique(groups)))
    if not settings.fold_count():
        return np.zeros(len(groups), int)
    if count < 2:
        raise UserError(
            "model.architecture: expected at least two groups of training rows, to "
            "choose a strength by cross-validation. Received: one. Give rows of more "
            "groups, or a strength, such as --architecture group-sparse:strength=0.1."
        )
    strata = {task.name: task.strata(labels[task.name]) for task in model.tasks}
    return fold_rows(
        label_strata(strata), folds=count, seed=seed, groups=groups, labels=strata
    )
