"""Metrics of subgroups, with the intervals that small groups need."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from keras_mtl.evaluation.proportions import auc_interval, proportion_interval
from keras_mtl.evaluation.task_metrics import main_metric, metric_facts

if TYPE_CHECKING:
    from keras_mtl.tasks import Task

__all__ = ["SubgroupMetric", "band_names", "subgroup_metrics"]

# The number of parts that are left out in turn. More parts make the interval more
# stable, but take more time.
PARTS = 20
SEED = 0
MISSING = "missing"
BOUNDED = frozenset({"accuracy", "auc", "balanced_accuracy", "subset_accuracy"})

Bounds = tuple[float, float]


@dataclass(frozen=True)
class SubgroupMetric:
    """Metric of the rows of one group.

    Attributes:
        task: The task's name.
        group: The group's name.
        metric: The metric's name.
        rows: The number of the group's rows with a label.
        value: The metric; NaN if it is undefined for these rows.
        interval: The confidence interval of the metric; NaN if there are too few rows.
        difference: The value minus the value of all other rows.
        difference_interval: The confidence interval of the difference.
        level: The confidence level of the intervals.
    """

    task: str
    group: str
    metric: str
    rows: int
    value: float
    interval: Bounds
    difference: float
    difference_interval: Bounds
    level: float


def band_names(values: ArrayLike, edges: Sequence[float]) -> NDArray[np.object_]:
    """Return the name of the band of each number.

    Args:
        values: Numbers of shape (N,), NaN where missing.
        edges: The edges of the bands, in ascending order. An edge belongs to the higher
            band.

    Returns:
        The names, of shape (N,), None where the number is missing.

    Raises:
        ValueError: If the edges are not in ascending order.

    Example:

    >>> band_names([35, 40, 59.5, 71], edges=[40, 60]).tolist()
    ['below 40', '40 to 60', '40 to 60', '60 and above']
    """
    ends = np.asarray(edges, "float64")
    if not len(ends) or not np.isfinite(ends).all() or (np.diff(ends) <= 0).any():
        raise ValueError(
            "Invalid value received for argument `edges`. Expected one or more numbers "
            f"in ascending order. Received: edges={list(edges)}"
        )
    texts = [f"{end:g}" for end in ends]
    names: list[str | None] = [f"below {texts[0]}"]
    names += [f"{low} to {high}" for low, high in itertools.pairwise(texts)]
    names += [f"{texts[-1]} and above", None]
    numbers = np.asarray(values, "float64").reshape(-1)
    bands = np.searchsorted(ends, numbers, side="right")
    return np.asarray(names, dtype=object)[np.where(np.isnan(numbers), -1, bands)]


def subgroup_metrics(
    task: Task,
    labels: np.ndarray,
    outputs: np.ndarray,
    groups: ArrayLike,
    metrics: Sequence[str] | None = None,
    level: float = 0.95,
) -> tuple[SubgroupMetric, ...]:
    """Compute metrics of each subgroup.

    The interval of an accuracy is Wilson's. The interval of a binary AUC is Newcombe's.
    Both are valid for small groups and if all predictions are correct. Other metrics
    have a jackknife interval: the group is divided at random into 20 parts, or single
    rows if it is small, and the metric is computed without each part in turn. The
    interval of a difference combines the intervals of the group and of the other rows
    (Zou and Donner 2008). Intervals are not corrected for the number of groups: with a
    level of 0.95, one of twenty groups differs by chance.

    Args:
        task: The task, of any registered kind.
        labels: Encoded labels from `encode_labels`, NaN where missing.
        outputs: The outputs for the same rows, by models that were not trained on them.
        groups: The group of each row, any values of shape (N,). Rows without a value
            are the group `"missing"`.
        metrics: The names of the metrics. By default `main_metric`.
        level: The confidence level of the intervals.

    Returns:
        One `SubgroupMetric` per metric and group, in the order of the metrics and of
        the names of the groups. Numbers and bands are sorted by size, and `"missing"`
        comes last.

    Raises:
        ValueError: If the rows do not match, or the kind of task has no such metric.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> task = BinaryTask("sick", classes=("no", "yes"))
    >>> labels = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
    >>> outputs = np.array([0.1, 0.9, 0.8, 0.6, 0.4, 0.2])
    >>> groups = ["a", "a", "a", "b", "b", "b"]
    >>> for found in subgroup_metrics(task, labels, outputs, groups, ["accuracy"]):
    ...     low, high = found.interval
    ...     print(found.group, round(found.value, 2), round(low, 2), round(high, 2))
    a 1.0 0.44 1.0
    b 0.33 0.06 0.79
    """
    names = [main_metric(task)] if metrics is None else list(metrics)
    for name in names:
        metric_facts(task, name)  # Refuses a metric without a direction.
    keys = _group_names(groups)
    if not len(labels) == len(outputs) == len(keys):
        raise ValueError(
            "Expected `labels`, `outputs` and `groups` of the same rows. Received: "
            f"{len(labels)}, {len(outputs)} and {len(keys)} rows"
        )
    known = ~np.isnan(np.reshape(labels, (len(labels), -1))).all(axis=1)
    ordered = sorted(set(keys[known]) - {MISSING}, key=_order)
    ordered += [MISSING] if (keys[known] == MISSING).any() else []
    results: dict[tuple[str, str], SubgroupMetric] = {}
    for group in ordered:
        inside = known & (keys == group)
        here = _measured(task, labels[inside], outputs[inside], names, level)
        others = known & (keys != group)
        rest = _measured(task, labels[others], outputs[others], names, level)
        for name in names:
            value, (low, high) = here[name]
            other, (other_low, other_high) = rest[name]
            difference = value - other
            down = np.hypot(value - low, other_high - other)
            up = np.hypot(high - value, other - other_low)
            results[name, group] = SubgroupMetric(
                task=task.name,
                group=group,
                metric=name,
                rows=int(inside.sum()),
                value=value,
                interval=(low, high),
                difference=difference,
                difference_interval=(float(difference - down), float(difference + up)),
                level=level,
            )
    return tuple(results[name, group] for name in names for group in ordered)


def _order(name: str) -> tuple[float, str]:
    """Return the key that sorts bands and numbers by size, before words."""
    if name.startswith("below "):
        return -np.inf, name
    try:
        return float(name.split(" ")[0]), name
    except ValueError:
        return np.inf, name


def _group_names(groups: ArrayLike) -> NDArray[np.object_]:
    """Return the groups as text, and whole numbers without a fraction."""
    import pandas as pd

    values = pd.Series(np.asarray(groups).reshape(-1))
    names = [
        MISSING
        if pd.isna(value)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
        for value in values.tolist()
    ]
    return np.asarray(names, dtype=object)


def _measured(
    task: Task,
    labels: np.ndarray,
    outputs: np.ndarray,
    names: Sequence[str],
    level: float,
) -> dict[str, tuple[float, Bounds]]:
    """Return each metric's value and interval."""
    values = task.measure(labels, outputs) if len(labels) else {}
    found: dict[str, tuple[float, Bounds]] = {}
    rest = []
    for name in names:
        value = float(values.get(name, np.nan))
        interval = _known_interval(name, value, labels, outputs, level)
        if interval is None:
            rest.append(name)
            interval = np.nan, np.nan
        found[name] = value, interval
    if rest and len(labels) > 1:
        without = _jackknife(task.measure, labels, outputs)
        for name in rest:
            value = found[name][0]
            parts = np.array([part.get(name, np.nan) for part in without])
            found[name] = value, _jackknife_interval(name, value, parts, level)
    return found


def _known_interval(
    name: str, value: float, labels: np.ndarray, outputs: np.ndarray, level: float
) -> Bounds | None:
    if np.isnan(value) or labels.ndim > 1:
        return None
    rows = len(labels)
    if name == "accuracy":
        low, high = proportion_interval(round(value * rows), rows, level)
        return float(low), float(high)
    if name == "auc" and outputs.size == rows:
        positives = int((labels > 0.5).sum())
        return auc_interval(value, positives, rows - positives, level)
    return None


def _jackknife(
    measure: Callable[[np.ndarray, np.ndarray], dict[str, float]],
    labels: np.ndarray,
    outputs: np.ndarray,
) -> list[dict[str, float]]:
    rows = len(labels)
    order = np.random.default_rng(SEED).permutation(rows)
    parts = []
    for part in np.array_split(order, min(PARTS, rows)):
        stay = np.ones(rows, bool)
        stay[part] = False
        parts.append(measure(labels[stay], outputs[stay]))
    return parts


def _jackknife_interval(
    name: str, value: float, parts: NDArray[np.float64], level: float
) -> Bounds:
    # If the metric is undefined without one of the parts, there are too few rows.
    if np.isnan(value) or np.isnan(parts).any():
        return np.nan, np.nan
    count = len(parts)
    error = np.sqrt((count - 1) / count * np.sum((parts - parts.mean()) ** 2))
    half = float(special.stdtrit(count - 1, (1 + level) / 2)) * float(error)
    low, high = value - half, value + half
    if name in BOUNDED:
        low, high = max(0.0, low), min(1.0, high)
    return low, high
