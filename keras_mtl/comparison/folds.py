"""Repeated folds, which are the same for all models of a comparison."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keras_mtl.comparison.settings import ComparisonSettings
from keras_mtl.errors import UserError
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.splits import fold_rows, label_strata

__all__ = ["Fold", "make_folds"]


class Fold(NamedTuple):
    """One fold of one repeat.

    Attributes:
        repeat: The repeat's number, from 0.
        number: The fold's number in the repeat, from 0.
        train: The positions of the rows to train on.
        test: Those of the held-out rows.
    """

    repeat: int
    number: int
    train: np.ndarray
    test: np.ndarray


def make_folds(data: PreparedData, settings: ComparisonSettings) -> list[Fold]:
    """Divide all rows into folds, stratified, with groups kept whole.

    With a column of groups that has no more values than there are folds, each
    group is held out in turn, once.

    Args:
        data: The rows. That some are held out for a run does not matter here.
        settings: The numbers of folds and repeats.

    Returns:
        The folds of all repeats. More repeats have the same first ones.

    Raises:
        UserError: If the rows, the groups or the rows of a class are fewer
            than the folds.
    """
    folds, repeats = settings.folds, settings.repeats
    groups = len(np.unique(data.groups))
    column = data.config.data.group
    if column is not None and groups <= folds:
        folds, repeats = groups, 1
    errors = []
    if folds > groups or groups < 2:
        errors.append(
            f"{data.source}: expected at least as many rows that differ as folds, "
            f"{max(folds, 2)}. Received: {groups}. Choose fewer folds (--folds)."
        )
    for task in data.main_tasks:
        for name, word, has in task.label_groups(data.labels[task.name]):
            own = len(np.unique(data.groups[has]))
            if own < folds and (column is None or own < 2):
                what = f"rows of class {word!r}" if word else "rows with a label"
                errors.append(
                    f"{data.source}, column {name!r}: task {task.name!r} expects at "
                    f"least {folds if column is None else 2} {what} that may be held "
                    f"out apart, one in each fold. Received: {own}. Choose fewer folds "
                    "(--folds), or leave the class out."
                )
    if errors:
        raise UserError(*errors)
    made = []
    for repeat in range(repeats):
        numbers = fold_rows(
            label_strata(data.strata),
            folds=folds,
            seed=int(np.random.default_rng((data.config.seed, repeat)).integers(2**31)),
            groups=data.groups,
            labels=data.strata,
        )
        for number in range(folds):
            train, test = (
                np.flatnonzero(each) for each in (numbers != number, numbers == number)
            )
            made.append(Fold(repeat, number, train, test))
    return made
