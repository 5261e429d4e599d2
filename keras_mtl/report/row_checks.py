"""Alerts about the rows of a fit: copies, leaks, missing labels and drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from keras_mtl.evaluation import holm
from keras_mtl.report.document import Alert
from keras_mtl.report.fit_facts import MOST_COLUMNS, RowSample
from keras_mtl.tasks import Task

__all__ = ["data_alerts", "leak_alerts", "missing_label_alerts"]

# The smallest number of rows on each side of a test.
LEAST_ROWS = 20
MOST_PAIRS = 400
# The largest p value and the smallest relevant effect: with many rows, every difference
# is significant.
SIGNIFICANT = 0.01
EFFECT = 0.2
# A single column with at least this score gives the label away.
GIVES_AWAY = 0.98
NAMED = 8


def data_alerts(sample: RowSample, tasks: Sequence[Task]) -> list[Alert]:
    """Find possible problems in the rows of a fit.

    Args:
        sample: The rows.
        tasks: The tasks.

    Returns:
        The alerts; an empty list without problems.
    """
    columns = list(sample.train.columns)[:MOST_COLUMNS]
    train = {name: _codes(sample.train[name]) for name in columns}
    test = {name: _codes(sample.test[name]) for name in columns}
    return [
        *_copies(sample),
        *_missing_codes(sample),
        *leak_alerts(sample.train, sample.labels, tasks),
        *_missing_labels(train, sample.labels, tasks),
        *_drift({name: (train[name], test[name]) for name in columns}),
    ]


def _copies(sample: RowSample) -> list[Alert]:
    if sample.train.empty or not len(sample.train.columns):
        return []
    train = set(_row_hashes(sample.train))
    found = int(sum(value in train for value in _row_hashes(sample.test)))
    if not found:
        return []
    share = found / len(sample.test)
    rows = "rows" if sample.whole else "sampled rows"
    return [
        Alert(
            "Test rows that are copies of training rows",
            f"{found} of {len(sample.test)} held-out {rows} ({share:.1%}) have the "
            "same features as a training row. Their predictions look better than "
            "those of new rows will be. Remove the copies, or keep them on one side "
            "with a group column.",
            "warning" if share >= 0.01 else "note",
            {"copies": found, "test_rows": len(sample.test)},
        )
    ]


def _missing_codes(sample: RowSample) -> list[Alert]:
    if not sample.missing_codes:
        return []
    named = [
        f"{number:g} in {column} ({rows} rows)"
        for column, number, rows in sample.missing_codes
    ]
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return [
        Alert(
            "Numbers that may mean a missing value",
            f"{', '.join(named[:NAMED])}{more}: far from all other values, as codes "
            "for missing are. As numbers they move means, and as a label they are a "
            "class of their own. If they mean missing, say so, for example "
            f"--missing={sample.missing_codes[0][1]:g}.",
            "warning",
            {
                "codes": [
                    {"column": column, "number": number, "rows": rows}
                    for column, number, rows in sample.missing_codes
                ]
            },
        )
    ]


def _row_hashes(frame: pd.DataFrame) -> np.ndarray:
    return pd.util.hash_pandas_object(frame.astype(str), index=False).to_numpy()


def leak_alerts(
    rows: pd.DataFrame, labels: Mapping[str, np.ndarray], tasks: Sequence[Task]
) -> list[Alert]:
    """Find columns that give a label away.

    Args:
        rows: The feature columns of training rows.
        labels: The encoded labels of these rows by task.
        tasks: The tasks.

    Returns:
        A list of one alert, or an empty list.
    """
    columns = list(rows.columns)[:MOST_COLUMNS]
    found = []
    pairs = [(task, name) for task in tasks for name in columns][:MOST_PAIRS]
    for task, name in pairs:
        score = _score_alone(rows[name], labels[task.name])
        if score is not None and score[1] >= GIVES_AWAY:
            found.append((name, task.name, *score))
    if not found:
        return []
    named = [f"{name} for {task} ({what} {x:.3f})" for name, task, what, x in found]
    return [
        Alert(
            "Columns that reveal a label",
            "A column alone comes almost to the label: "
            f"{_list(named)}. Check that its values are known before the label is; "
            "otherwise leave the column out.",
            values={
                "columns": [
                    {"column": name, "task": task, "metric": what, "value": value}
                    for name, task, what, value in found
                ]
            },
        )
    ]


def _score_alone(column: pd.Series, labels: np.ndarray) -> tuple[str, float] | None:
    """Score a small decision tree of one column on held-out rows.

    Returns:
        The metric's name and value; None if the rows do not define it.
    """
    from sklearn.metrics import r2_score, roc_auc_score
    from sklearn.tree import DecisionTreeRegressor

    targets = np.reshape(labels, (len(labels), -1))
    known = np.isfinite(targets).all(axis=1)
    targets = targets[known]
    if len(targets) < 2 * LEAST_ROWS:
        return None
    values = np.unique(targets)
    metric = "R2"
    if len(values) <= 10 and (values == np.floor(values)).all():
        metric = "AUC"
        if targets.shape[1] == 1:
            targets = (targets == values[1:]).astype(float)
    # Every second row, so that the halves do not depend on the file's order.
    first = np.arange(len(targets)) % 2 == 0
    if pd.api.types.is_numeric_dtype(column):
        inputs = np.nan_to_num(column.to_numpy("float64", na_value=np.nan), nan=-1e30)
        inputs = np.clip(inputs[known], -1e30, 1e30)[:, None]
    else:
        words = _codes(column)[known]
        seen, places = np.unique(words, return_inverse=True)
        if len(seen) > len(words) / 4:
            return None  # Almost every row has its own category.
        # A category is replaced by its mean label in the tree's training half.
        counts = np.maximum(np.bincount(places[first], minlength=len(seen)), 1)
        sums = [
            np.bincount(places[first], target[first], len(seen)) for target in targets.T
        ]
        inputs = (np.stack(sums, axis=1) / counts[:, None])[places]
    tree = DecisionTreeRegressor(max_leaf_nodes=16, min_samples_leaf=5, random_state=0)
    predicted = tree.fit(inputs[first], targets[first]).predict(inputs[~first])
    predicted = np.reshape(predicted, (len(predicted), -1))
    rest = targets[~first]
    if metric == "R2":
        return (metric, float(r2_score(rest, predicted))) if np.ptp(rest) else None
    scores = [
        float(roc_auc_score(truth, value))
        for truth, value in zip(rest.T, predicted.T, strict=True)
        if 5 <= truth.sum() <= len(truth) - 5
    ]
    return (metric, float(np.mean(scores))) if scores else None


def missing_label_alerts(
    rows: pd.DataFrame, labels: Mapping[str, np.ndarray], tasks: Sequence[Task]
) -> list[Alert]:
    """Find tasks whose labels are not missing at random.

    Args:
        rows: The feature columns.
        labels: The rows' encoded labels by task.
        tasks: The tasks.

    Returns:
        A list of one alert, or an empty list.
    """
    codes = {name: _codes(rows[name]) for name in list(rows.columns)[:MOST_COLUMNS]}
    return _missing_labels(codes, labels, tasks)


def _missing_labels(
    codes: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    tasks: Sequence[Task],
) -> list[Alert]:
    tested: list[tuple[str, str, float, float]] = []
    for task in tasks:
        own = labels[task.name]
        missing = np.isnan(np.reshape(own, (len(own), -1))).all(axis=1)
        if min(missing.sum(), (~missing).sum()) < LEAST_ROWS:
            continue
        for name, values in codes.items():
            if len(tested) >= MOST_PAIRS:
                break
            effect, p_value = _difference(values[missing], values[~missing])
            tested.append((task.name, name, effect, p_value))
    found = _significant(tested)
    if not found:
        return []
    named = [f"{task} by {name} ({effect:.2f})" for task, name, effect, _ in found]
    return [
        Alert(
            "Labels that are not missing at random",
            "Rows without a label differ from rows with one, so that metrics on "
            f"labeled rows need not hold for all: {_list(named)}. In brackets the "
            "distance of the two distributions, from 0 to 1 (Kolmogorov-Smirnov or "
            "total variation, p below 0.01 after Holm's correction).",
            values={
                "pairs": [
                    {"task": task, "column": name, "distance": effect, "p_value": p}
                    for task, name, effect, p in found
                ]
            },
        )
    ]


def _drift(codes: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> list[Alert]:
    tested = [("", name, *_difference(*sides)) for name, sides in codes.items()]
    found = _significant(tested)
    if not found:
        return []
    named = [f"{name} ({effect:.2f})" for _, name, effect, _ in found]
    return [
        Alert(
            "Test rows have another distribution than training rows",
            f"These columns differ between the two: {_list(named)}. In brackets the "
            "distance of the two distributions, from 0 to 1 (Kolmogorov-Smirnov or "
            "total variation, p below 0.01 after Holm's correction). Metrics on test "
            "rows say how the model does on rows like those.",
            values={
                "columns": [
                    {"column": name, "distance": effect, "p_value": p}
                    for _, name, effect, p in found
                ]
            },
        )
    ]


def _significant(
    tested: Sequence[tuple[str, str, float, float]],
) -> list[tuple[str, str, float, float]]:
    """Return the large and significant effects, the largest first."""
    adjusted = holm([p_value for *_, p_value in tested])
    found = [
        (task, name, effect, float(p_value))
        for (task, name, effect, _), p_value in zip(tested, adjusted, strict=True)
        if p_value < SIGNIFICANT and effect >= EFFECT
    ]
    return sorted(found, key=lambda each: -each[2])


def _codes(column: pd.Series) -> np.ndarray:
    """Convert numbers to float64, NaN where missing, and categories to text."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy("float64", na_value=np.nan)
    missing = column.isna().to_numpy()
    return np.array(
        ["" if gone else str(x) for x, gone in zip(column, missing, strict=True)],
        dtype="U",
    )


def _difference(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Compute the distance between two samples' distributions, and its p value."""
    nothing = 0.0, float("nan")
    if first.dtype.kind == "f" and second.dtype.kind == "f":
        first, second = first[np.isfinite(first)], second[np.isfinite(second)]
        if min(len(first), len(second)) < LEAST_ROWS:
            return nothing
        found: Any = stats.ks_2samp(first, second, method="asymp")
        return float(found.statistic), float(found.pvalue)
    if min(len(first), len(second)) < LEAST_ROWS:
        return nothing
    words, places = np.unique(
        np.concatenate([first.astype(str), second.astype(str)]), return_inverse=True
    )
    if not 2 <= len(words) <= (len(first) + len(second)) / 5:
        return nothing  # One category, or categories that rarely repeat.
    counts = np.stack(
        [
            np.bincount(places[: len(first)], minlength=len(words)),
            np.bincount(places[len(first) :], minlength=len(words)),
        ]
    )
    shares = counts / counts.sum(axis=1, keepdims=True)
    tested: Any = stats.chi2_contingency(counts)
    return float(np.abs(shares[0] - shares[1]).sum() / 2), float(tested.pvalue)


def _list(named: Sequence[str]) -> str:
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + more
