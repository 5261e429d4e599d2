"""The quantiles of a run's sets, per task or of all tasks of a row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from keras_mtl.evaluation.conformal import conformal_quantile, joint_quantiles

__all__ = ["find_quantiles"]


def find_quantiles(
    scores: Mapping[str, np.ndarray], coverage: float, joint: bool
) -> tuple[dict[str, float], str]:
    """Find the largest score of each task that its sets hold.

    Args:
        scores: The scores of the same rows by task name, NaN where missing.
        coverage: The probability that a set holds the label.
        joint: Whether all labels of a row are held with that probability.

    Returns:
        By task name a quantile, infinite where the labels are too few; and what
        the coverage is of.
    """
    if not joint:
        alone = {
            name: conformal_quantile(each, coverage) for name, each in scores.items()
        }
        return alone, "the task"
    found = joint_quantiles(scores, coverage)
    return found.quantiles, f"all tasks of a row, by {found.method}"
