"""The judgement of a model against a reference, over tasks and splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from keras_mtl.evaluation.multiple_tests import holm
from keras_mtl.evaluation.paired_difference import PairedDifference, compare_paired
from keras_mtl.evaluation.sample_size import RowsNeeded, rows_to_detect
from keras_mtl.evaluation.skill import Gain, Scale, overall_gain, task_gain
from keras_mtl.evaluation.task_metrics import MetricFacts
from keras_mtl.evaluation.verdict import Verdict, give_verdict

__all__ = ["Judgement", "TaskJudgement", "judge_tasks"]


@dataclass(frozen=True)
class TaskJudgement:
    """Comparison of a model with a reference in one task.

    Attributes:
        task: The task's name.
        facts: The metric, its direction and its chance level.
        difference: The difference in the unit of the metric, above 0 if the model is
            better. Its p value is adjusted for the number of tasks.
        gain: The difference on a scale that is the same for all tasks.
        rows_needed: The number of rows needed to detect such a difference; None if it
            cannot be estimated from the splits.
        verdict: The verdict, with a sentence.
    """

    task: str
    facts: MetricFacts
    difference: PairedDifference
    gain: Gain
    rows_needed: RowsNeeded | None
    verdict: Verdict


@dataclass(frozen=True)
class Judgement:
    """Comparison of a model with a reference, per task and overall.

    Attributes:
        tasks: The judgement of each task, in the order of the tasks.
        overall: The mean gain over the tasks whose gains have the scale `scale`. It can
            hide a task that gets worse, so read it together with the gains of the
            tasks.
        scale: The scale of the overall gain; None if no task has a gain.
    """

    tasks: tuple[TaskJudgement, ...]
    overall: PairedDifference
    scale: Scale | None

    @property
    def overall_sentence(self) -> str:
        """The overall gain in words; empty if there is no gain or one task."""
        if self.scale is None or len(self.tasks) < 2:
            return ""
        found = self.overall
        what = (
            "of the way from chance to perfect"
            if self.scale == "skill"
            else "of the error"
        )
        return (
            f"Over all tasks, sharing gains {found.mean:+.1%} {what} "
            f"({found.level:.0%} interval {found.low:+.1%} to {found.high:+.1%})."
        )


def judge_tasks(
    facts: Mapping[str, MetricFacts],
    values: Mapping[str, ArrayLike],
    reference: Mapping[str, ArrayLike],
    rows: Mapping[str, int],
    test_share: float,
    equivalence: Mapping[str, float] | None = None,
    chance: Mapping[str, ArrayLike] | None = None,
    level: float = 0.95,
    subject: str = "Sharing",
) -> Judgement:
    """Compare a model with a reference in each task and overall.

    Args:
        facts: The metric to compare by task.
        values: The metric of the model in each split by task, NaN if the fit failed.
        reference: The metric of the reference in the same splits by task.
        rows: The number of labeled rows by task.
        test_share: The share of the rows that a split holds out.
        equivalence: The largest difference that does not matter by task, in the unit of
            the metric. By default the value in the facts, or one hundredth of the mean
            of the reference.
        chance: The chance level in each split by task. By default the level in the
            facts.
        level: The confidence level of intervals.
        subject: The name of the model in the verdicts.

    Returns:
        The `Judgement`.

    Example:

    >>> facts = {"heart": MetricFacts("auc", "max", 1.0, 0.5, 0.01)}
    >>> shared = {"heart": [0.84, 0.86, 0.85, 0.87]}
    >>> alone = {"heart": [0.81, 0.83, 0.83, 0.84]}
    >>> judged = judge_tasks(facts, shared, alone, {"heart": 900}, test_share=0.25)
    >>> judged.tasks[0].verdict.outcome, round(judged.overall.mean, 3)
    ('helps', 0.055)
    """
    differences: dict[str, PairedDifference] = {}
    gains: dict[str, Gain] = {}
    for task, own in facts.items():
        new = np.asarray(values[task], "float64")
        old = np.asarray(reference[task], "float64")
        limit = (equivalence or {}).get(task)
        differences[task] = compare_paired(
            own.sign * (new - old),
            test_share,
            own.equivalence_for(old) if limit is None else limit,
            level,
        )
        gains[task] = task_gain(new, old, own, (chance or {}).get(task))
    adjusted = holm([difference.p_value for difference in differences.values()])
    judged = []
    for (task, difference), p_value in zip(differences.items(), adjusted, strict=True):
        difference = difference.adjust(p_value)
        needed = rows_to_detect(difference, max(1, rows[task]), tests=len(facts))
        judged.append(
            TaskJudgement(
                task=task,
                facts=facts[task],
                difference=difference,
                gain=gains[task],
                rows_needed=needed,
                verdict=give_verdict(task, facts[task], difference, needed, subject),
            )
        )
    scales = {gain.scale for gain in gains.values()}
    # Gains on different scales, skill and relative, are not averaged.
    scale: Scale | None = None
    if scales & {"skill", "relative"}:
        scale = "skill" if "skill" in scales else "relative"
    counted = [gain.values for gain in gains.values() if gain.scale == scale]
    splits = max(len(difference.differences) for difference in differences.values())
    return Judgement(
        tasks=tuple(judged),
        overall=overall_gain(
            counted if scale else np.full((1, splits), np.nan), test_share, level=level
        ),
        scale=scale,
    )
