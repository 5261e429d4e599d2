"""The cosines between the tasks' gradients, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["COSINE_COLUMNS", "gradient_cosines"]

COSINE_COLUMNS = ("epoch", "task", "other", "cosine", "std")


def gradient_cosines(history: Mapping[str, Any], tasks: Sequence[str]) -> pd.DataFrame:
    """Build the table of the cosines between the tasks' gradients over the epochs.

    A cosine below 0 means that a small step on one task raises the loss of the other:
    the two tasks conflict on the shared variables.

    Args:
        history: The history of a fit that recorded conflicts: of `fit_members` with
            `watch_conflict`, or Keras's `History.history` with the callback
            `GradientConflict`.
        tasks: The names of the tasks, in order.

    Returns:
        A DataFrame with one row per epoch and pair of tasks, and the columns `epoch`,
        `task`, `other`, `cosine`, the mean over the members that have not stopped, and
        `std`, their standard deviation, which is NaN for one member.

    Raises:
        ValueError: If the history has no cosines.

    Example:

    >>> history = {"thal_heart_cosine": np.array([[0.1, 0.3], [0.2, np.nan]])}
    >>> gradient_cosines(history, ["thal", "heart"])["cosine"].tolist()
    [0.2, 0.2]
    """
    tables = []
    for task, other in combinations(tasks, 2):
        name = f"{task}_{other}_cosine"
        if name not in history:
            raise ValueError(
                "Invalid value received for argument `history`. Expected a history "
                "with the columns of conflict (`watch_conflict=True`, or the callback "
                f"`GradientConflict`). Received: no column {name!r}"
            )
        values = np.asarray(history[name], "float64")
        members = pd.DataFrame(values.reshape(len(values), -1))
        tables.append(
            pd.DataFrame(
                {
                    "epoch": np.arange(1, len(values) + 1),
                    "task": task,
                    "other": other,
                    "cosine": members.mean(axis=1),
                    "std": members.std(axis=1),
                }
            )
        )
    if not tables:
        return pd.DataFrame(columns=list(COSINE_COLUMNS))
    joined = pd.concat(tables, ignore_index=True)
    return joined.sort_values("epoch", kind="stable", ignore_index=True)
