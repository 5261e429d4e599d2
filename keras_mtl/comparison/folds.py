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
        repeat: The number of the repeat, from 0.
        number: The number of the fold in the repeat, from 0.
        train: The positions of the training rows.
        test: The positions of the held-out rows.
    """

    repeat: int
    number: int
    train: np.ndarray
    test: np.ndarray


def make_folds(data: PreparedData, settings: ComparisonSettings) -> list[Fold]:
    """Split all rows into stratified folds, with whole groups.

    If the column of groups has at most as many values as there are folds, each group is
    held out once.

    Args:
        data: The rows, including the rows that a run holds out.
        settings: The numbers of folds and repeats.

    Returns:
        The folds of all repeats. The first repeats do not depend on the number of
        repeats.

    Raises:
        UserError: If the number of rows, of groups or of the rows of a class is smaller
            than the number of folds.
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
