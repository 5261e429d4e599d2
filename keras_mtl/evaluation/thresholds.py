"""The threshold of a yes-or-no prediction for a stated aim."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keras_mtl.errors import UserError, did_you_mean, show_value
from keras_mtl.evaluation.proportions import proportion_interval

__all__ = ["Aim", "Threshold", "choose_threshold", "parse_aim"]

Floats = NDArray[np.float64]

# `name`, or a name, one of `=`, `>=` and `:`, and what follows.
FORM = re.compile(r"\s*([a-z][a-z0-9_-]*)\s*(?:(?:>=|=|:)\s*(.*?))?\s*", re.IGNORECASE)
EXPECTED = (
    "Expected balanced-accuracy, accuracy, f1, sensitivity=SHARE, specificity=SHARE, "
    "precision=SHARE, costs=FALSE_POSITIVE:FALSE_NEGATIVE or a number between 0 and 1, "
    "for example sensitivity=0.9 or costs=1:5"
)
# Aims that are largest at the best threshold, and shares that must be reached.
BEST = ("balanced-accuracy", "accuracy", "f1")
REACHED = ("sensitivity", "specificity", "precision")


@dataclass(frozen=True)
class Aim:
    """What a threshold should achieve.

    Attributes:
        name: `"balanced-accuracy"`, `"accuracy"`, `"f1"`, `"sensitivity"`,
            `"specificity"`, `"precision"`, `"costs"` or `"fixed"`.
        value: The share to reach, or the threshold itself if it is fixed.
        costs: Of a false positive and of a false negative.
    """

    name: str
    value: float | None = None
    costs: tuple[float, float] | None = None

    def __str__(self) -> str:
        if self.name == "fixed":
            return f"{self.value:g}"
        if self.costs is not None:
            return f"costs={self.costs[0]:g}:{self.costs[1]:g}"
        return self.name if self.value is None else f"{self.name}={self.value:g}"


@dataclass(frozen=True)
class Threshold:
    """A threshold and what it achieved on the rows it was chosen on.

    Those rows flatter it a little, as it was chosen for them. The intervals
    show how little few rows say.

    Attributes:
        value: The probability from which on a prediction is positive.
        aim: What it was chosen for.
        reached: Whether the share that the aim asks for was reached.
        sensitivity: The share of positive rows that are predicted positive.
        sensitivity_interval: Its 95 % interval.
        specificity: The share of negative rows that are predicted negative.
        specificity_interval: Its 95 % interval.
        positives: The number of positive rows.
        negatives: The number of negative rows.
    """

    value: float
    aim: Aim
    reached: bool
    sensitivity: float
    sensitivity_interval: tuple[float, float]
    specificity: float
    specificity_interval: tuple[float, float]
    positives: int
    negatives: int


def parse_aim(text: str | float) -> Aim:
    """Reads the aim of a threshold.

    Args:
        text: `"balanced-accuracy"`, `"accuracy"`, `"f1"`,
            `"sensitivity=0.9"`, `"specificity=0.9"`, `"precision=0.9"`,
            `"costs=1:5"` (of a false positive and of a false negative), or a
            threshold. `>=` and `:` may stand for `=`.

    Returns:
        The `Aim`.

    Raises:
        UserError: When it is none of these.

    Example:

    >>> parse_aim("sensitivity>=0.9")
    Aim(name='sensitivity', value=0.9, costs=None)
    >>> str(parse_aim("costs:1:5")), str(parse_aim("0.3"))
    ('costs=1:5', '0.3')
    """
    number = _number(str(text))
    if number is not None:
        if not 0 <= number <= 1:
            raise _error(text)
        return Aim("fixed", number)
    match = FORM.fullmatch(str(text))
    if match is None:
        raise _error(text)
    name, rest = match[1].lower().replace("_", "-"), match[2]
    if name in BEST and rest is None:
        return Aim(name)
    if name in REACHED and rest:
        share = _number(rest)
        if share is not None and 0 < share <= 1:
            return Aim(name, share)
    if name == "costs" and rest:
        costs = [_number(part) for part in rest.split(":")]
        if len(costs) == 2 and all(c is not None and 0 < c < np.inf for c in costs):
            return Aim(name, costs=(costs[0] or 0.0, costs[1] or 0.0))
    known = (*BEST, *REACHED, "costs")
    raise _error(text, "" if name in known else did_you_mean(name, known))


def choose_threshold(
    labels: ArrayLike, probabilities: ArrayLike, aim: Aim | str | float
) -> Threshold:
    """Chooses the threshold that serves an aim best.

    A row is positive if its probability is at least the threshold. Candidates
    are the middles between neighboring probabilities, so that a small change
    of a probability changes no prediction. Of several best ones the nearest to
    0.5 is taken. A sensitivity is reached with as high a specificity as
    possible, a specificity with as high a sensitivity, and a precision too.

    Args:
        labels: 0, 1 or NaN, of shape (N,). Missing labels are left out.
        probabilities: Of a positive label, of shape (N,).
        aim: See `parse_aim`.

    Returns:
        The `Threshold`.

    Raises:
        UserError: When the aim is not known.
        ValueError: When the labels are not both 0 and 1.

    Example:

    >>> labels = [0, 0, 1, 0, 1, 1]
    >>> probabilities = [0.1, 0.2, 0.3, 0.4, 0.6, 0.9]
    >>> chosen = choose_threshold(labels, probabilities, "sensitivity=0.9")
    >>> chosen.value, chosen.sensitivity, round(chosen.specificity, 2)
    (0.25, 1.0, 0.67)
    """
    aim = aim if isinstance(aim, Aim) else parse_aim(aim)
    truth = np.asarray(labels, "float64").reshape(-1)
    probability = np.asarray(probabilities, "float64").reshape(-1)
    known = ~np.isnan(truth)
    truth, probability = truth[known] > 0.5, probability[known]
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        raise ValueError(
            "Expected `labels` of both classes to choose a threshold. Received: "
            f"{positives} positive and {negatives} negative labels"
        )
    values = _candidates(probability)
    if aim.name == "fixed":
        values = np.array([aim.value])
    # By how many rows of each class are at or above each candidate.
    ranked = [np.sort(probability[truth]), np.sort(probability[~truth])]
    hits, false_alarms = (len(r) - np.searchsorted(r, values) for r in ranked)
    sensitivity = hits / positives
    specificity = 1 - false_alarms / negatives
    goal, reached = _goal(aim, hits, false_alarms, positives, negatives)
    best = np.flatnonzero(goal >= goal.max() - 1e-12)
    index = best[np.argmin(np.abs(values[best] - 0.5))]
    chosen_hits, chosen_alarms = int(hits[index]), int(false_alarms[index])
    return Threshold(
        value=float(values[index]),
        aim=aim,
        reached=bool(reached[index]),
        sensitivity=float(sensitivity[index]),
        sensitivity_interval=_interval(chosen_hits, positives),
        specificity=float(specificity[index]),
        specificity_interval=_interval(negatives - chosen_alarms, negatives),
        positives=positives,
        negatives=negatives,
    )


def _goal(
    aim: Aim,
    hits: NDArray[np.intp],
    false_alarms: NDArray[np.intp],
    positives: int,
    negatives: int,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Returns what the best threshold has most of, and where the aim is reached."""
    sensitivity, specificity = hits / positives, 1 - false_alarms / negatives
    always = np.ones(hits.shape, bool)
    if aim.costs is not None:
        false_positive, false_negative = aim.costs
        costs = false_positive * false_alarms + false_negative * (positives - hits)
        return -costs / len(hits), always
    if aim.name == "accuracy":
        return (hits - false_alarms) / (positives + negatives), always
    if aim.name == "f1":
        return 2 * hits / (hits + false_alarms + positives), always
    if aim.value is None or aim.name == "fixed":
        return sensitivity + specificity, always
    predicted = hits + false_alarms
    precision = np.where(predicted > 0, hits / np.maximum(predicted, 1), -1.0)
    share, other = {
        "sensitivity": (sensitivity, specificity),
        "specificity": (specificity, sensitivity),
        "precision": (precision, sensitivity),
    }[aim.name]
    reached = share >= aim.value - 1e-12
    # Where nothing reaches it, as near as possible. A precision may not be
    # reached by any threshold.
    return np.where(reached, 2 + other, share), reached


def _candidates(probability: Floats) -> Floats:
    """Returns the middles between probabilities, one below all and one above all."""
    distinct = np.unique(probability)
    middles = (distinct[:-1] + distinct[1:]) / 2
    return np.concatenate([[distinct[0] / 2], middles, [(distinct[-1] + 1) / 2]])


def _interval(hits: int, rows: int) -> tuple[float, float]:
    low, high = proportion_interval(hits, rows)
    return float(low), float(high)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _error(text: object, hint: str = "") -> UserError:
    return UserError(
        f"Invalid aim of a threshold. {EXPECTED}. Received: {show_value(text)}.{hint}"
    )
