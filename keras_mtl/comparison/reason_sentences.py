"""Sentences on the reasons why sharing helps or hurts."""

from __future__ import annotations

import math
from typing import Any

from keras_mtl.comparison.candidates import GROUPS
from keras_mtl.comparison.comparison import Comparison

__all__ = ["reason_sentences"]


def reason_sentences(comparison: Comparison) -> list[str]:
    """Return sentences on conflict, groups and agreement.

    Args:
        comparison: The comparison.
    """
    return [
        *_conflict(comparison),
        *_grouping(comparison),
        *_agreement(comparison),
    ]


def _conflict(comparison: Comparison) -> list[str]:
    cosines: Any = comparison.gradient_cosines
    if not len(cosines):
        return []
    means = cosines.groupby(["task", "other"], sort=False)["cosine"].mean()
    (task, other), lowest = means.idxmin(), means.min()
    if len(means) == 1:
        return [
            f"The gradients of {task} and {other} on the shared layers have a mean "
            f"cosine of {round(lowest, 2) + 0.0:.2f} over training."
        ]
    return [
        "The mean cosine between two tasks' gradients on the shared layers is "
        f"{means.mean():.2f} over training; the lowest is that of {task} and {other}, "
        f"{round(lowest, 2) + 0.0:.2f}."
    ]


def _grouping(comparison: Comparison) -> list[str]:
    found = comparison.task_groups
    if found is None:
        return []
    grouping = found.grouping
    groups = " | ".join(", ".join(group) for group in grouping.groups)
    sentence = (
        f"By affinity these tasks should share a trunk: {groups}. They promise a mean "
        f"affinity of {grouping.gain:.2g}, one trunk for all promises "
        f"{grouping.gain_together:.2g}; {found.agreeing_folds} of {found.folds} folds "
        "choose these groups."
    )
    if GROUPS not in comparison.judgements:
        return [f"{sentence} Measure it with --compare groups."]
    judged = comparison.judgements[GROUPS]
    if judged.scale is None:
        return [sentence]
    measured = judged.overall
    # The judgement compares one trunk for all tasks with the networks of the groups.
    what = (
        "of the way from chance to perfect"
        if judged.scale == "skill"
        else "of the error"
    )
    return [
        sentence,
        f"Measured, the networks of such groups gain {-measured.mean:+.1%} {what} over "
        f"one trunk for all ({measured.level:.0%} interval {-measured.high:+.1%} to "
        f"{-measured.low:+.1%}).",
    ]


def _agreement(comparison: Comparison) -> list[str]:
    found = comparison.affinity_agreement
    if found is None:
        return []
    interval = ""
    if math.isfinite(found.low):
        interval = (
            f" ({found.level:.0%} interval over the folds {found.low:+.2f} to "
            f"{found.high:+.2f})"
        )
    return [
        f"Over {found.tasks} tasks, the affinity onto a task and its measured gain "
        f"have a rank correlation of {found.correlation:+.2f}{interval}; p = "
        f"{found.p_value:.2f}. Affinity is a hint, the measured difference counts."
    ]
