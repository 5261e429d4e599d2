"""Which rows each member trains on, and on which it stops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keras_mtl.splits import fold_rows, label_strata
from keras_mtl.training.settings import TrainingSettings

__all__ = ["MemberRows", "member_rows"]


class MemberRows(NamedTuple):
    """The rows of each member.

    Attributes:
        train: For each member the positions of its training rows.
        validation: For each member those of its validation rows, or None.
    """

    train: list[np.ndarray]
    validation: list[np.ndarray] | None


def member_rows(
    rows: np.ndarray,
    labels: dict[str, np.ndarray],
    groups: np.ndarray,
    settings: TrainingSettings,
    seed: int,
) -> MemberRows:
    """Gives each member a validation part of its own.

    The rows are parted into folds, and the members take turns in leaving one
    out; when all folds have had their turn, the rows are parted anew. So the
    members together train on all rows.

    Args:
        rows: The positions of all training rows.
        labels: By task name the labels of all rows of the data.
        groups: The groups of all rows of the data, as `row_groups` gives them.
        settings: How many members, and which share each leaves out.
        seed: Of the folds.

    Returns:
        The rows of each member.
    """
    if not settings.validation_fraction:
        return MemberRows([rows] * settings.members, None)
    # Few groups of rows, of patients say, make few folds.
    most = len(np.unique(groups[rows]))
    folds = min(max(2, round(1 / settings.validation_fraction)), most)
    here = {name: values[rows] for name, values in labels.items()}
    strata = label_strata(here)
    train, validation = [], []
    for member in range(settings.members):
        turn, fold = divmod(member, folds)
        if fold == 0:
            parts = fold_rows(
                strata,
                folds=folds,
                seed=int(np.random.default_rng((seed, turn)).integers(2**31)),
                groups=groups[rows],
                labels=here,
            )
        train.append(rows[parts != fold])
        validation.append(rows[parts == fold])
    return MemberRows(train, validation)
