"""Importance of settings: the share of the variance that each explains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tuning.objective import Objective
from tuning.trials import Trial, settings_row

__all__ = ["setting_importance"]

# A setting with more numeric values is split into this many groups of equal size.
GROUPS = 4


def setting_importance(
    trials: Sequence[Trial], objective: Objective
) -> dict[str, float]:
    """Estimate the share of the variance between trials that each setting explains.

    The trials are grouped by the setting's value, numbers by their quartiles. The share
    is epsilon squared (Kelley 1935): the variance between the groups in excess of the
    variance by chance. A setting without effect is near 0. Each setting is considered
    alone, so a setting that only matters together with another is underestimated.

    Args:
        trials: The trials.
        objective: The objective whose variance is explained.

    Returns:
        The shares by setting, from 0 to 1, largest first. Settings that do not vary are
        left out; the result is empty for too few trials.

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
    """Return epsilon squared; None if no group has two trials."""
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
