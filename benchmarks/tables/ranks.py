"""Ranks of methods over targets, and intervals of differences from the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.tables.declaration import FOLDS
from keras_mtl.evaluation import PairedDifference, compare_paired

__all__ = ["against_best", "gains", "ranks", "summary"]

# The largest difference of log loss or R2 that does not matter.
EQUIVALENCE = 0.01


def gains(results: pd.DataFrame) -> pd.DataFrame:
    """Arrange results by target and fold, with one column per method.

    Args:
        results: The results from `ResultStore.read`.

    Returns:
        The R2 of numbers and the negative log loss of classes, so that more is better;
        NaN where a method was not measured.
    """
    values = results["r2"].where(results["r2"].notna(), -results["log_loss"])
    return results.assign(gain=values).pivot(
        index=["table", "target", "fold"], columns="method", values="gain"
    )


def ranks(results: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Rank the mean over the folds of each target, 1 for the best.

    Targets without results of all methods in all folds are left out, because ranks
    among fewer methods are not comparable. Equal means share the mean of their ranks.

    Args:
        results: The results from `ResultStore.read`.
        methods: The methods to rank.

    Returns:
        One row per target, one column per method.

    Example:

    >>> results = pd.DataFrame({
    ...     "table": "cars", "target": "mpg", "fold": [0, 1, 2, 3, 4] * 2,
    ...     "method": ["a"] * 5 + ["b"] * 5, "r2": [0.8] * 5 + [0.9] * 5,
    ...     "log_loss": float("nan"),
    ... })
    >>> ranks(results, ["a", "b"]).iloc[0].tolist()
    [2.0, 1.0]
    """
    return _complete_means(results, methods).rank(axis=1, ascending=False)


def _complete_means(results: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    values = gains(results).reindex(columns=list(methods)).dropna()
    by_target = values.groupby(level=["table", "target"])
    return by_target.mean()[by_target.size() == FOLDS]


def summary(results: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Summarize each method over the common targets, with the best rank first.

    Args:
        results: The results from `ResultStore.read`.
        methods: The methods. The first method is compared with the others.

    Returns:
        One row per method: `rank`, the mean over the targets; `best`, the number of
        targets on which the method is best; `better` and `worse`, the numbers of
        targets on which the first method is better and worse; and `calibration`, the
        mean calibration error over targets of classes.
    """
    means = _complete_means(results, methods)
    ranked = means.rank(axis=1, ascending=False)
    whole = results.set_index(["table", "target"]).loc[means.index]
    found = pd.DataFrame(
        {
            "rank": ranked.mean(),
            "best": (ranked == 1).sum(),
            "better": means.lt(means[methods[0]], axis=0).sum(),
            "worse": means.gt(means[methods[0]], axis=0).sum(),
            "calibration": whole.groupby("method")["calibration_error"].mean(),
        }
    )
    return found.loc[list(methods)].sort_values("rank")


def against_best(
    results: pd.DataFrame, table: str, target: str, methods: Sequence[str]
) -> tuple[str, dict[str, PairedDifference]]:
    """Compare each method with the best method on a target.

    Args:
        results: The results from `ResultStore.read`.
        table: The name of the table.
        target: The column of the target.
        methods: The methods; methods without all folds are left out.

    Returns:
        The name of the method with the best mean; and the corrected resampled
        difference of each method from it, by name, below 0 if worse. The best method is
        chosen on the same folds, which makes it look slightly too good.
    """
    values = gains(results).reindex(columns=list(methods))
    values = values.loc[(table, target)].dropna(axis=1)
    if len(values) < FOLDS or values.shape[1] == 0:
        return "", {}
    best = str(values.mean().idxmax())
    return best, {
        str(method): compare_paired(
            np.asarray(values[method] - values[best]), 1 / FOLDS, EQUIVALENCE
        )
        for method in values
    }
