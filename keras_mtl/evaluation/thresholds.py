"""The threshold of a binary prediction for an aim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keras_mtl.evaluation.proportions import proportion_interval
from keras_mtl.tasks.threshold_aims import Aim, parse_aim

__all__ = ["Aim", "Threshold", "choose_threshold", "parse_aim"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Threshold:
    """A threshold, and its sensitivity and specificity on the rows it was chosen on.

    These values are slightly too optimistic, because the threshold was chosen on the
    same rows. The intervals show the uncertainty with few rows.

    Attributes:
        value: The smallest probability for which the prediction is positive.
        aim: The aim that the threshold was chosen for.
        reached: Whether the share that the aim requires was reached.
        sensitivity: The share of positive rows that are predicted positive.
        sensitivity_interval: The 95 % confidence interval of the sensitivity.
        specificity: The share of negative rows that are predicted negative.
        specificity_interval: The 95 % confidence interval of the specificity.
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


def choose_threshold(
    labels: ArrayLike, probabilities: ArrayLike, aim: Aim | str | float
) -> Threshold:
    """Choose the best threshold for an aim.

    A prediction is positive if the probability is at least the threshold. Candidates
    are the midpoints between neighboring probabilities, so that a small change of a
    probability does not change a prediction. Of several best candidates, the one
    closest to 0.5 is chosen. If the aim is a sensitivity, the specificity is as high as
    possible. If it is a specificity or a precision, the sensitivity is as high as
    possible.

    Args:
        labels: Labels 0 or 1, NaN where missing, of shape (N,). Missing labels are
            ignored.
        probabilities: The probabilities of a positive label, of shape (N,).
        aim: See `parse_aim`.

    Returns:
        The `Threshold`.

    Raises:
        UserError: If the aim is unknown.
        ValueError: If the labels are not both 0 and 1.

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
    # Count the rows of each class at or above each candidate.
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
    """Return the score of each candidate, and whether it reaches the aim."""
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
    # If no threshold reaches the aim, such as a precision, the nearest one is best.
    return np.where(reached, 2 + other, share), reached


def _candidates(probability: Floats) -> Floats:
    """Return midpoints between probabilities, and a value below and above all."""
    distinct = np.unique(probability)
    middles = (distinct[:-1] + distinct[1:]) / 2
    return np.concatenate([[distinct[0] / 2], middles, [(distinct[-1] + 1) / 2]])


def _interval(hits: int, rows: int) -> tuple[float, float]:
    low, high = proportion_interval(hits, rows)
    return float(low), float(high)
