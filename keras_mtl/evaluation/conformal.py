"""Sets and intervals that contain the true label with a given probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ClassSets",
    "Intervals",
    "JointQuantiles",
    "class_scores",
    "conformal_quantile",
    "fit_class_sets",
    "fit_intervals",
    "joint_quantiles",
    "residual_scores",
]

Floats = NDArray[np.float64]
Method = Literal["lac", "aps"]

# The number of complete rows per row that the joint sets may miss.
ROWS_PER_MISS = 10


@dataclass(frozen=True)
class ClassSets:
    """Conformal prediction sets of classes.

    Attributes:
        quantile: The largest score of a class in a set. If there were too few rows for
            the coverage, it is infinite and each set contains all classes.
        coverage: The probability that a set contains the true class.
        method: See `class_scores`.
        rows: The number of labels from which the quantile was computed.
    """

    quantile: float
    coverage: float
    method: Method
    rows: int

    def contains(self, probabilities: ArrayLike) -> NDArray[np.bool_]:
        """Return the prediction set of each row.

        A set always contains the most probable class.

        Args:
            probabilities: Probabilities of shape (N, classes), or of the positive
                class, of shape (N,).

        Returns:
            Whether each class is in the set, bool of shape (N, classes).
        """
        values = _class_probabilities(probabilities)
        inside = _scores_of_classes(values, self.method) <= self.quantile
        inside[np.arange(len(values)), values.argmax(axis=1)] = True
        return inside


@dataclass(frozen=True)
class Intervals:
    """Conformal prediction intervals of numbers.

    Attributes:
        quantile: Half the width of an interval, in units of the scale; infinite if
            there were too few rows for the coverage.
        coverage: The probability that an interval contains the true number.
        rows: The number of labels from which the quantile was computed.
    """

    quantile: float
    coverage: float
    rows: int

    def around(
        self, predictions: ArrayLike, scales: ArrayLike = 1.0
    ) -> tuple[Floats, Floats]:
        """Return the lower and the upper ends of intervals around predictions.

        Args:
            predictions: Predictions of shape (N,) or (N, 1).
            scales: See `residual_scores`.

        Returns:
            The lower ends and the upper ends, each of shape (N,).
        """
        center = np.asarray(predictions, "float64").reshape(-1)
        half = self.quantile * np.asarray(scales, "float64")
        return center - half, center + half


@dataclass(frozen=True)
class JointQuantiles:
    """Quantiles of several tasks with a joint coverage.

    Attributes:
        quantiles: The quantile of the scores by task, for `ClassSets` and `Intervals`.
        coverage: The probability that the sets of a row contain all its labels.
        method: `"complete rows"` or `"Bonferroni"`; see `joint_quantiles`.
        rows: The number of rows that have the labels of all tasks.
    """

    quantiles: dict[str, float]
    coverage: float
    method: Literal["complete rows", "Bonferroni"]
    rows: int


def class_scores(
    labels: ArrayLike, probabilities: ArrayLike, method: Method = "lac"
) -> Floats:
    """Return nonconformity scores of the true classes.

    Args:
        labels: Class indices, NaN where missing, of shape (N,).
        probabilities: Probabilities of shape (N, classes), or of the positive class, of
            shape (N,).
        method: `"lac"` is 1 minus the probability of the class, which gives the
            smallest sets (Sadinle et al. 2019). `"aps"` is the total probability of the
            class and of all more probable classes, which gives sets that adapt more to
            the difficulty of a row (Romano et al. 2020, without randomization, so that
            a row always has the same set).

    Returns:
        Scores of shape (N,), NaN where the label is missing.

    Example:

    >>> class_scores([0, 1], [[0.75, 0.25], [0.75, 0.25]]).tolist()
    [0.25, 0.75]
    """
    _check_method(method)
    truth = np.asarray(labels, "float64").reshape(-1)
    scores = _scores_of_classes(_class_probabilities(probabilities), method)
    known = ~np.isnan(truth)
    picked = np.full(truth.shape, np.nan)
    picked[known] = scores[known, truth[known].astype(int)]
    return picked


def residual_scores(
    labels: ArrayLike, predictions: ArrayLike, scales: ArrayLike = 1.0
) -> Floats:
    """Return nonconformity scores of numbers: their distances from predictions.

    Args:
        labels: Labels of shape (N,), NaN where missing.
        predictions: Predictions of shape (N,) or (N, 1).
        scales: The expected size of each row's residual, such as the spread of the
            members of an ensemble. Distances are divided by it, so that intervals are
            wide where it is large.

    Returns:
        Scores of shape (N,), NaN where the label is missing.
    """
    truth = np.asarray(labels, "float64").reshape(-1)
    residuals = truth - np.asarray(predictions, "float64").reshape(-1)
    scores: Floats = np.abs(residuals) / np.asarray(scales, "float64")
    return scores


def conformal_quantile(scores: ArrayLike, coverage: float) -> float:
    """Return the conformal quantile of scores.

    If the rows and a new row are exchangeable and the model was not trained on any of
    them, the score of the new row is at most this quantile with a probability between
    `coverage` and `coverage + 1 / (rows + 1)`. Scores of cross-validation can be
    pooled, where each row is scored by a model that was not trained on it. Then the
    coverage is not guaranteed, but close if the models of the folds are similar.

    Args:
        scores: Scores of shape (N,), NaN where a label is missing.
        coverage: The coverage, between 0 and 1.

    Returns:
        The quantile; infinite if there are too few rows.

    Raises:
        ValueError: If the coverage is out of its range.

    Example:

    >>> conformal_quantile([1, 2, 3, 4, 5, 6, 7, 8, 9], 0.8)
    8.0
    >>> conformal_quantile([1, 2, 3], 0.9)
    inf
    """
    if not 0 < coverage < 1:
        raise ValueError(
            "Invalid value received for argument `coverage`. Expected a number between "
            f"0 and 1. Received: coverage={coverage}"
        )
    values = np.asarray(scores, "float64").reshape(-1)
    values = np.sort(values[~np.isnan(values)])
    # Without the small difference, rounding errors could raise 0.9 * 10 to the rank 10.
    rank = int(np.ceil((len(values) + 1) * coverage - 1e-9))
    return float(values[rank - 1]) if rank <= len(values) else float("inf")


def fit_class_sets(
    labels: ArrayLike,
    probabilities: ArrayLike,
    coverage: float = 0.9,
    method: Method = "lac",
) -> ClassSets:
    """Compute prediction sets from rows that the model was not trained on.

    Args:
        labels: See `class_scores`.
        probabilities: See `class_scores`.
        coverage: The probability that a set contains the true class.
        method: See `class_scores`.

    Returns:
        The `ClassSets`.

    Example:

    >>> labels = np.array([0, 1] * 20)
    >>> probabilities = np.where(labels == 1, 0.4, 0.3)
    >>> sets = fit_class_sets(labels, probabilities, coverage=0.9)
    >>> sets.contains([0.95, 0.55]).tolist()
    [[False, True], [True, True]]
    """
    scores = class_scores(labels, probabilities, method)
    rows = int((~np.isnan(scores)).sum())
    return ClassSets(conformal_quantile(scores, coverage), coverage, method, rows)


def fit_intervals(
    labels: ArrayLike,
    predictions: ArrayLike,
    coverage: float = 0.9,
    scales: ArrayLike = 1.0,
) -> Intervals:
    """Compute prediction intervals from rows that the model was not trained on.

    Args:
        labels: See `residual_scores`.
        predictions: See `residual_scores`.
        coverage: The probability that an interval contains the true number.
        scales: See `residual_scores`.

    Returns:
        The `Intervals`.

    Example:

    >>> intervals = fit_intervals(np.arange(9.0), np.zeros(9), coverage=0.8)
    >>> low, high = intervals.around([10.0])
    >>> low.tolist(), high.tolist()
    ([3.0], [17.0])
    """
    scores = residual_scores(labels, predictions, scales)
    rows = int((~np.isnan(scores)).sum())
    return Intervals(conformal_quantile(scores, coverage), coverage, rows)


def joint_quantiles(scores: Mapping[str, ArrayLike], coverage: float) -> JointQuantiles:
    """Compute quantiles with a joint coverage of all labels of a row.

    Each score is replaced by its rank among the scores of its task, which puts all
    tasks on one scale. The quantile of each row's worst rank then gives the joint
    coverage (Messoudi et al. 2021). As the tasks of a row tend to be difficult
    together, the sets are smaller than those of Bonferroni's correction, where each of
    T tasks has the coverage `1 - (1 - coverage) / T`.

    The worst rank is known only for complete rows, which have the labels of all tasks.
    Ranks are computed among all rows with a label of the task. The coverage holds for
    incomplete rows if labels are missing at random. With fewer than `10 / (1 -
    coverage)` complete rows, Bonferroni's correction is used, which needs no complete
    rows.

    Args:
        scores: The scores by task, each of shape (N,) for the same rows, NaN where a
            label is missing; from `class_scores` or `residual_scores`.
        coverage: The probability that the sets of a row contain all its labels.

    Returns:
        The `JointQuantiles`.

    Raises:
        ValueError: If there is no task, or the coverage is out of its range.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> first = generator.normal(size=500) ** 2
    >>> joint = joint_quantiles({"a": first, "b": 10 * first}, coverage=0.9)
    >>> joint.method, round(joint.quantiles["b"] / joint.quantiles["a"], 6)
    ('complete rows', 10.0)
    """
    if not scores:
        raise ValueError("Expected `scores` of one or more tasks. Received: none")
    table = np.stack([np.asarray(s, "float64").reshape(-1) for s in scores.values()])
    complete = ~np.isnan(table).any(axis=0)
    rows = int(complete.sum())
    if rows * (1 - coverage) < ROWS_PER_MISS:
        share = 1 - (1 - coverage) / len(table)
        quantiles = {n: conformal_quantile(s, share) for n, s in scores.items()}
        return JointQuantiles(quantiles, coverage, "Bonferroni", rows)
    known = [np.sort(task[~np.isnan(task)]) for task in table]
    ranks = [
        np.searchsorted(ordered, task[complete], side="right") / len(ordered)
        for ordered, task in zip(known, table, strict=True)
    ]
    worst = conformal_quantile(np.max(ranks, axis=0), coverage)
    quantiles = {}
    for name, ordered in zip(scores, known, strict=True):
        rank = min(len(ordered), int(np.ceil(worst * len(ordered) - 1e-9)))
        quantiles[name] = float(ordered[rank - 1])
    return JointQuantiles(quantiles, coverage, "complete rows", rows)


def _class_probabilities(probabilities: ArrayLike) -> Floats:
    values = np.asarray(probabilities, "float64")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    return np.stack([1 - values, values], axis=1) if values.ndim == 1 else values


def _scores_of_classes(probabilities: Floats, method: Method) -> Floats:
    if method == "lac":
        return 1 - probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(probabilities, order, axis=1), axis=1)
    scores = np.empty_like(sums)
    np.put_along_axis(scores, order, sums, axis=1)
    return scores


def _check_method(method: str) -> None:
    if method not in get_args(Method):
        raise ValueError(
            "Invalid value received for argument `method`. Expected one of "
            f"{list(get_args(Method))}. Received: method={method!r}"
        )
