"""A verdict on whether sharing helps a task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from keras_mtl.evaluation.paired_difference import PairedDifference
from keras_mtl.evaluation.sample_size import RowsNeeded
from keras_mtl.evaluation.task_metrics import MetricFacts

__all__ = ["Outcome", "Verdict", "give_verdict"]

Outcome = Literal["helps", "hurts", "no difference", "unclear"]


@dataclass(frozen=True)
class Verdict:
    """Verdict on one task: whether the model helps.

    Attributes:
        task: The task's name.
        metric: The metric's name.
        outcome: `"helps"` or `"hurts"` if the test finds a difference after the
            correction for several tests; `"no difference"` if the difference is almost
            surely too small to matter; otherwise `"unclear"`.
        sentence: The verdict in words, with its numbers.
    """

    task: str
    metric: str
    outcome: Outcome
    sentence: str


def give_verdict(
    task: str,
    facts: MetricFacts,
    difference: PairedDifference,
    rows_needed: RowsNeeded | None = None,
    subject: str = "Sharing",
) -> Verdict:
    """Return the verdict on a difference, with a sentence.

    Args:
        task: The task's name.
        facts: The metric and its direction.
        difference: The difference from the reference, above 0 if the subject is better,
            with its p value adjusted for the number of tasks.
        rows_needed: The number of rows needed, which is reported if the outcome is
            unclear.
        subject: The subject of the sentence, such as `"Sharing"`.

    Returns:
        The `Verdict`.

    Example:

    >>> from keras_mtl.evaluation import compare_paired
    >>> facts = MetricFacts("auc", "max", best=1.0, chance=0.5, equivalence=0.01)
    >>> found = compare_paired([0.012, 0.018, 0.009, 0.011], 0.2, 0.01)
    >>> give_verdict("heart", facts, found).sentence
    'Sharing helps heart: AUC 0.013 higher (95% interval 0.004 to 0.021).'
    """
    outcome = _outcome(difference)
    measured = _measured(facts, difference)
    if outcome in ("helps", "hurts"):
        sentence = f"{subject} {outcome} {task}: {measured}."
    elif outcome == "no difference":
        sentence = (
            f"{subject} makes no difference that matters for {task}: {measured}; a "
            f"difference up to {difference.equivalence:.3g} does not matter."
        )
    else:
        sentence = f"It is unclear whether {_lower(subject)} helps {task}"
        sentence += _chances(difference, measured, rows_needed)
    if difference.failed:
        sentence += (
            f" {difference.failed} of {len(difference.differences)} splits failed and "
            "are not counted."
        )
    return Verdict(task, facts.metric, outcome, sentence)


def _outcome(difference: PairedDifference) -> Outcome:
    if difference.splits < 2:
        return "unclear"
    # First, because a significant difference can be too small to matter.
    if difference.no_difference >= difference.level:
        return "no difference"
    if difference.adjusted_p_value <= 1 - difference.level:
        return "helps" if difference.mean > 0 else "hurts"
    return "unclear"


def _measured(facts: MetricFacts, difference: PairedDifference) -> str:
    """Describe the difference and its interval in the direction of the metric."""
    title = facts.title
    mean, low, high = (
        facts.sign * value
        for value in (difference.mean, difference.low, difference.high)
    )
    if not math.isfinite(mean):
        return f"no split has the {title} of both models"
    decimals = _decimals((difference.high - difference.low) / 2)
    if not math.isfinite(low):
        return f"{title} {_size(mean, decimals)} {_side(mean)} in the only split"
    low, high = sorted((low, high))
    if low < 0 < high:
        interval = f"{_size(low, decimals)} lower to {_size(high, decimals)} higher"
    else:
        near, far = sorted((abs(low), abs(high)))
        interval = f"{_size(near, decimals)} to {_size(far, decimals)}"
    return (
        f"{title} {_size(mean, decimals)} {_side(mean)} ({100 * difference.level:g}% "
        f"interval {interval})"
    )


def _chances(
    difference: PairedDifference, measured: str, rows_needed: RowsNeeded | None
) -> str:
    if difference.splits < 2:
        return f": {measured}; an interval needs two splits or more."
    text = (
        f": {measured}. The probability that it helps is {difference.helps:.0%}, that "
        f"it hurts {difference.hurts:.0%}, and that the difference is too small to "
        f"matter {difference.no_difference:.0%}."
    )
    alpha = 1 - difference.level
    if difference.p_value <= alpha < difference.adjusted_p_value:
        text += (
            " In a single test the difference would count; among so many tests it may "
            "be chance."
        )
    if rows_needed is not None:
        text += (
            f" To see a difference of {rows_needed.effect:.2g} takes about "
            f"{_rounded(rows_needed.rows)} rows with this label "
            f"({_rounded(rows_needed.low)} to {_rounded(rows_needed.high)})."
        )
    return text


def _decimals(half: float) -> int:
    if not math.isfinite(half) or half <= 0:
        return 3
    return min(8, max(0, -math.floor(math.log10(half / 3))))


def _size(value: float, decimals: int) -> str:
    return f"{abs(value):,.{decimals}f}"


def _side(value: float) -> str:
    return "lower" if value < 0 else "higher"


def _lower(subject: str) -> str:
    return subject[:1].lower() + subject[1:] if subject[1:2].islower() else subject


def _rounded(rows: float) -> str:
    """Return a number of rows, rounded to two significant digits."""
    digits = max(0, math.floor(math.log10(max(rows, 1))) - 1)
    return f"{round(rows / 10**digits) * 10**digits:,}"
