"""How much of the differences between trials each setting explains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tuning.objective import Objective
from tuning.trials import Trial, settings_row

__all__ = ["setting_importance"]

# Numbers with more values than this are divided into as many groups of equal size.
GROUPS = 4


def setting_importance(
    trials: Sequence[Trial], objective: Objective
) -> dict[str, float]:
    """Estimates which share of the variance between trials each setting explains.

    The trials are grouped by the setting's value, numbers by their quartiles. The
    share is epsilon squared (Kelley 1935): the variance between the groups beyond
    the one that chance alone gives, so that a setting that does nothing is near 0.
    Settings are looked at one at a time: one that only matters beside another is
    underestimated.

    Args:
        trials: The trials.
        objective: The result.

    Returns:
        By setting the share, from 0 to 1, largest first. Settings that do not
        differ are left out; () with too few trials.

    Example:

    >>> from keras_mtl.configuration import build_config
    >>> trials = [
    ...     Trial(i, build_config({"training": {"batch_size": size}}), ({"a": value},))
    ...     for i, (size, value) in enumerate([(8, 1.0), (8, 1.1), (9, 3.0), (9, 3.1)])
    ... ]
    >>> list(setting_importance(trials, Objective("a", "max")))
    ['batch_size']
    """
    known = [
        trial
        for trial in trials
        if trial.completed and math.isfinite(objective.value(trial.metrics))
    ]
    table = pd.DataFrame([settings_row(trial.config) for trial in known])
    values = np.array([objective.value(trial.metrics) for trial in known])
    shares = {}
    for name in table:
        column = table[name]
        if column.nunique(dropna=False) < 2:
            continue
        share = _explained(_groups(column), values)
        if share is not None:
            shares[str(name)] = share
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _groups(column: pd.Series) -> np.ndarray:
    numbers = pd.api.types.is_numeric_dtype(column)
    if numbers and column.nunique() > GROUPS:
        ranks = column.rank(method="first", na_option="bottom")
        return pd.qcut(ranks, GROUPS, labels=False).to_numpy()
    return pd.factorize(column.astype(str))[0]


def _explained(groups: np.ndarray, values: np.ndarray) -> float | None:
    """Returns epsilon squared; None where no group has two trials."""
    count, kinds = len(values), len(np.unique(groups))
    total = float(((values - values.mean()) ** 2).sum())
    if count <= kinds or total == 0:
        return None
    within = sum(
        float(((own - own.mean()) ** 2).sum())
        for own in (values[groups == group] for group in np.unique(groups))
    )
    noise = within / (count - kinds)
    return float(np.clip((total - within - (kinds - 1) * noise) / total, 0, 1))
