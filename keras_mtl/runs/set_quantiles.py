"""The quantiles of a run's prediction sets, per task or joint."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from keras_mtl.evaluation.conformal import conformal_quantile, joint_quantiles

__all__ = ["find_quantiles"]


def find_quantiles(
    scores: Mapping[str, np.ndarray], coverage: float, joint: bool
) -> tuple[dict[str, float], str]:
    """Find the largest score in each task's prediction sets.

    Args:
        scores: The scores of the same rows by task name, (N,), NaN where missing.
        coverage: The probability that a set contains the label.
        joint: Whether the sets of a row contain all labels with that probability.

    Returns:
        The quantiles by task name, infinite if the labels are too few; and a
        description of the coverage.
    """
    if not joint:
        alone = {
            name: conformal_quantile(each, coverage) for name, each in scores.items()
        }
        return alone, "the task"
    found = joint_quantiles(scores, coverage)
    return found.quantiles, f"all tasks of a row, by {found.method}"
