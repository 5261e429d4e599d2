"""The importance of features for predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keras_mtl.evaluation.task_metrics import main_metric, metric_facts

if TYPE_CHECKING:
    import pandas as pd

    from keras_mtl.tasks import Task

__all__ = ["FeatureImportance", "Predict", "feature_importance"]

# A function from rows with the features' columns to the outputs by task.
Predict = Callable[["pd.DataFrame"], Mapping[str, np.ndarray]]

# The number of rows per call of the predict function.
ROWS_PER_CALL = 20_000


@dataclass(frozen=True)
class FeatureImportance:
    """Permutation importance of a feature for a task.

    Attributes:
        task: The task's name.
        feature: The feature's name.
        metric: The metric's name.
        base: The metric with all features unchanged.
        importance: The mean loss in the metric over the repeats when the feature is
            shuffled. It is above 0 if the feature helps, whether higher or lower values
            of the metric are better.
        std: The standard deviation over the repeats.
        values: The loss in each repeat.
    """

    task: str
    feature: str
    metric: str
    base: float
    importance: float
    std: float
    values: tuple[float, ...]


def feature_importance(
    predict: Predict,
    frame: pd.DataFrame,
    tasks: Sequence[Task],
    labels: Mapping[str, np.ndarray],
    metrics: Mapping[str, str] | None = None,
    features: Mapping[str, Sequence[str]] | None = None,
    repeats: int = 5,
    max_rows: int | None = 5000,
    seed: int = 0,
) -> tuple[FeatureImportance, ...]:
    """Compute permutation importance for each feature and task (Breiman 2001).

    The values of a feature are shuffled over the rows, which keeps their distribution
    and breaks their relation to the labels. All tasks are measured with the same
    shuffled rows. If two features contain the same information, each seems unimportant,
    because the other one remains: pass them as one feature.

    Args:
        predict: A function from rows to the outputs by task.
        frame: Rows that the model was not trained on, with the features'
            columns.
        tasks: The tasks, of any registered kind.
        labels: The encoded labels of the rows by task, with N entries along the first
            axis, NaN where missing.
        metrics: The metric by task. By default `main_metric`.
        features: The columns by feature, which are shuffled together. By default each
            column is a feature.
        repeats: The number of times that each feature is shuffled.
        max_rows: The largest number of rows. If there are more, a random sample is
            used.
        seed: The seed of the shuffling.

    Returns:
        One `FeatureImportance` per task and feature, in the order of the tasks, with
        the most important feature first.

    Raises:
        ValueError: If the column of a feature is not in the frame, or the arguments do
            not match.

    Example:

    >>> import pandas as pd
    >>> from keras_mtl.tasks import BinaryTask
    >>> frame = pd.DataFrame({"dose": np.arange(100.0), "site": np.arange(100.0)})
    >>> labels = {"sick": (frame["dose"] >= 50).to_numpy("float32")}
    >>> found = feature_importance(
    ...     lambda rows: {"sick": rows["dose"].to_numpy() / 100},
    ...     frame,
    ...     [BinaryTask("sick", classes=("no", "yes"))],
    ...     labels,
    ... )
    >>> [(each.feature, round(each.importance, 1)) for each in found]
    [('dose', 0.5), ('site', 0.0)]
    """
    if repeats < 1:
        raise ValueError(
            "Invalid value received for argument `repeats`. Expected a positive "
            f"number. Received: repeats={repeats}"
        )
    columns = {str(name): [name] for name in frame.columns}
    if features is not None:
        columns = {name: list(own) for name, own in features.items()}
    for name, own in columns.items():
        if absent := [column for column in own if column not in frame.columns]:
            raise ValueError(
                f"Expected the columns of feature {name!r} in `frame`. Received: a "
                f"frame without {', '.join(map(repr, absent))}"
            )
    facts = {
        task.name: metric_facts(task, (metrics or {}).get(task.name, main_metric(task)))
        for task in tasks
    }
    generator = np.random.default_rng(seed)
    truth = {task.name: np.asarray(labels[task.name]) for task in tasks}
    if max_rows is not None and len(frame) > max_rows:
        chosen = np.sort(generator.choice(len(frame), max_rows, replace=False))
        frame = frame.iloc[chosen]
        truth = {name: values[chosen] for name, values in truth.items()}
    rows = len(frame)

    def scores(outputs: Mapping[str, np.ndarray], start: int) -> dict[str, float]:
        values = {}
        for task in tasks:
            given = np.asarray(outputs[task.name])[start : start + rows]
            measured = task.measure(truth[task.name], given)
            values[task.name] = measured.get(facts[task.name].metric, np.nan)
        return values

    base = scores(predict(frame), 0)
    losses: dict[tuple[str, str], list[float]] = {}
    # Several repeats per call, because each call has a fixed cost.
    per_call = max(1, ROWS_PER_CALL // max(1, rows))
    for name, own in columns.items():
        orders = [generator.permutation(rows) for _ in range(repeats)]
        for first in range(0, repeats, per_call):
            stacked = orders[first : first + per_call]
            outputs = predict(_shuffle(frame, own, stacked))
            for index in range(len(stacked)):
                found = scores(outputs, index * rows)
                for key, value in found.items():
                    loss = facts[key].sign * (base[key] - value)
                    losses.setdefault((key, name), []).append(float(loss))
    results = []
    for task in tasks:
        found_here = [
            FeatureImportance(
                task=task.name,
                feature=name,
                metric=facts[task.name].metric,
                base=float(base[task.name]),
                importance=float(np.mean(losses[task.name, name])),
                std=float(np.std(losses[task.name, name], ddof=1))
                if repeats > 1
                else 0.0,
                values=tuple(losses[task.name, name]),
            )
            for name in columns
        ]
        results += sorted(found_here, key=lambda found: -found.importance)
    return tuple(results)


def _shuffle(
    frame: pd.DataFrame, columns: Sequence[str], orders: Sequence[np.ndarray]
) -> pd.DataFrame:
    """Return a copy of the rows for each order, with the columns in that order."""
    rows = np.tile(np.arange(len(frame)), len(orders))
    shuffled = frame.iloc[rows].reset_index(drop=True)
    order = np.concatenate(orders)
    for column in columns:
        # `array` keeps the type of the column, such as categories, and missing cells.
        shuffled[column] = frame[column].array.take(order)
    return shuffled
