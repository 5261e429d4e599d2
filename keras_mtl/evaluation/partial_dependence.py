"""Predictions as a function of one feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from keras_mtl.evaluation.importance import ROWS_PER_CALL, Predict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PartialDependence", "predict_over_values"]

Floats = NDArray[np.float64]

# The quantiles of the lowest and the highest value; few rows are beyond them.
LOWEST, HIGHEST = 0.02, 0.98


@dataclass(frozen=True)
class PartialDependence:
    """Partial dependence: mean predictions over the values of a feature.

    Attributes:
        feature: The column.
        values: The feature's values, of length V.
        is_number: Whether the values are numbers in ascending order.
        means: The mean outputs at each value by task, of shape (V, units).
        low: The 10 % quantiles of the outputs over the rows by task, of shape (V,
            units).
        high: The 90 % quantiles of the outputs over the rows by task, of shape (V,
            units).
        rows: The number of averaged rows.
    """

    feature: str
    values: tuple[Any, ...]
    is_number: bool
    means: dict[str, Floats]
    low: dict[str, Floats]
    high: dict[str, Floats]
    rows: int


def predict_over_values(
    predict: Predict,
    frame: pd.DataFrame,
    feature: str,
    values: int = 20,
    max_rows: int | None = 500,
    seed: int = 0,
    cells: pd.Series | None = None,
    rows: np.ndarray | None = None,
) -> PartialDependence:
    """Compute partial dependence: mean predictions if all rows had the same value.

    For each value, the feature is set to this value in all rows, and the outputs are
    averaged (Friedman 2001). Some of these rows may not exist in reality, for example a
    high weight with a low height. The result shows what the model has learned, not what
    would happen if the value were changed.

    Args:
        predict: A function from rows to the outputs by task.
        frame: Rows with the features' columns.
        feature: The column.
        values: The largest number of values. Numbers are chosen at evenly spaced
            quantiles; of other values, the most frequent ones are chosen.
        max_rows: The largest number of averaged rows. If there are more, a random
            sample is used.
        seed: The seed of the sample.
        cells: The values of the feature, if the column of the frame has codes in place
            of values. Values are chosen from the cells, and the rows get their codes.
        rows: The positions of the rows to average over, if values are chosen from more
            rows. By default all.

    Returns:
        The `PartialDependence`; without values if all cells are missing.

    Raises:
        ValueError: If the column is not in the frame.

    Example:

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"dose": [1, 2, 3], "age": [40, 50, 60]})
    >>> def predict(rows):
    ...     return {"risk": 0.1 * rows["dose"].to_numpy() + 0.01 * rows["age"]}
    >>> found = predict_over_values(predict, frame, "dose")
    >>> found.values, found.means["risk"][:, 0].round(2).tolist()
    ((1, 2, 3), [0.6, 0.7, 0.8])
    """
    import pandas as pd

    if feature not in frame.columns:
        raise ValueError(
            "Invalid value received for argument `feature`. Expected one of the "
            f"frame's columns. Received: feature={feature!r}"
        )
    column = frame[feature]
    if cells is None:
        cells = column
    is_number = bool(
        pd.api.types.is_numeric_dtype(cells.dtype)
        and not pd.api.types.is_bool_dtype(cells.dtype)
    )
    chosen = _chosen_values(cells, values, is_number)
    if rows is not None:
        frame = frame.iloc[rows]
    if max_rows is not None and len(frame) > max_rows:
        drawn = np.random.default_rng(seed).choice(len(frame), max_rows, replace=False)
        frame = frame.iloc[np.sort(drawn)]
    count = len(frame)
    outputs: dict[str, list[Floats]] = {}
    per_call = max(1, ROWS_PER_CALL // max(1, count))
    for first in range(0, len(chosen), per_call):
        part = chosen[first : first + per_call]
        stacked = frame.iloc[np.tile(np.arange(count), len(part))].reset_index(
            drop=True
        )
        # Cells of the column, which keep its type.
        stacked[feature] = column.array.take(np.repeat(part, count))
        for task, found in predict(stacked).items():
            table = np.asarray(found, "float64").reshape(len(part), count, -1)
            outputs.setdefault(task, []).append(table)
    tables = {task: np.concatenate(parts) for task, parts in outputs.items()}
    return PartialDependence(
        feature=feature,
        values=tuple(cells.iloc[chosen].tolist()),
        is_number=is_number,
        means={task: table.mean(axis=1) for task, table in tables.items()},
        low={task: np.quantile(table, 0.1, axis=1) for task, table in tables.items()},
        high={task: np.quantile(table, 0.9, axis=1) for task, table in tables.items()},
        rows=count,
    )


def _chosen_values(column: pd.Series, count: int, is_number: bool) -> NDArray[np.intp]:
    """Return the position of one row per chosen value."""
    known = np.flatnonzero(column.notna().to_numpy())
    if not len(known):
        return known
    if not is_number:
        texts = column.iloc[known].astype(str)
        frequent = texts.value_counts().index[:count]
        # Ordered by name, because counts differ between samples.
        return np.array(
            [known[np.argmax(texts.to_numpy() == name)] for name in sorted(frequent)]
        )
    numbers = column.iloc[known].to_numpy("float64")
    order = known[np.argsort(numbers, kind="stable")]
    ordered = np.sort(numbers)
    distinct, first = np.unique(ordered, return_index=True)
    if len(distinct) <= count:
        return order[first]
    shares = np.linspace(LOWEST, HIGHEST, count)
    ranks = np.round(shares * (len(order) - 1)).astype(int)
    _, first = np.unique(ordered[ranks], return_index=True)
    return order[ranks[first]]
