"""Generated data of tasks with a given correlation."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = ["make_related_tasks", "related_task_values", "shuffle_labels"]

Kind = Literal["binary", "regression"]
Floats = NDArray[np.float64]

WAVES = 12
# The number of rows of the sample on which the functions are standardized.
REFERENCE_ROWS = 20_000


def make_related_tasks(
    rows: int = 1000,
    *,
    tasks: int = 2,
    related: float = 0.5,
    noise: float = 0.5,
    missing: float = 0.0,
    features: int = 8,
    kind: Kind = "binary",
    seed: int = 0,
) -> pd.DataFrame:
    """Generate tasks whose true functions have a given correlation.

    The function of each task is a sum of smooth waves along random directions of the
    features. One part of the sum is common to all tasks and the other part belongs to
    one task. The functions of any two tasks therefore have the correlation `related`.
    At 1 all tasks have the same function with different noise, and sharing should help.
    At 0 the tasks have nothing in common except the features.

    Args:
        rows: The number of rows.
        tasks: The number of tasks.
        related: The correlation of any two tasks' functions, from 0 to 1.
        noise: The share of the variance that is noise, from 0 to below 1. The best
            possible R2 of a regression is `1 - noise`.
        missing: The share of each task's labels that are missing at random.
        features: The number of features.
        kind: `"regression"` for numbers; `"binary"` for 1 where the number is above 0
            and 0 elsewhere.
        seed: The seed of the functions, the rows and the noise.

    Returns:
        A DataFrame with the columns `x1`, `x2`, ... and `task1`, `task2`, ....

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> frame = make_related_tasks(500, tasks=2, missing=0.2)
    >>> list(frame.columns[-3:]), len(frame)
    (['x8', 'task1', 'task2'], 500)
    >>> frame["task1"].isna().sum()
    np.int64(100)
    """
    _check(rows, tasks, related, noise, missing, features, kind)
    generator = np.random.default_rng((seed, 1))
    x = generator.normal(size=(rows, features))
    truth = related_task_values(x, tasks=tasks, related=related, seed=seed)
    values = np.sqrt(1 - noise) * truth
    values += np.sqrt(noise) * generator.normal(size=values.shape)
    labels = values if kind == "regression" else (values > 0).astype("float64")
    absent = round(missing * rows)
    for task in range(tasks):
        labels[generator.permutation(rows)[:absent], task] = np.nan
    names = [f"x{i + 1}" for i in range(features)]
    frame = pd.DataFrame(x, columns=names)
    for task in range(tasks):
        column = pd.Series(labels[:, task])
        frame[f"task{task + 1}"] = (
            column.astype("Int64") if kind == "binary" else column
        )
    return frame


def related_task_values(
    x: ArrayLike, *, tasks: int = 2, related: float = 0.5, seed: int = 0
) -> Floats:
    """Return the true functions of the tasks, without noise.

    Args:
        x: The features, of shape (N, features).
        tasks: See `make_related_tasks`.
        related: See `make_related_tasks`.
        seed: See `make_related_tasks`.

    Returns:
        Values of shape (N, tasks), with a mean of 0 and a variance of 1 for
        features that are standard normal.

    Example:

    >>> x = np.random.default_rng(0).normal(size=(5000, 8))
    >>> values = related_task_values(x, related=0.5)
    >>> bool(abs(np.corrcoef(values.T)[0, 1] - 0.5) < 0.05)
    True
    """
    points = np.asarray(x, "float64")
    sample = np.random.default_rng((seed, 2)).normal(
        size=(REFERENCE_ROWS, points.shape[1])
    )
    # The common part and the part of each task, made uncorrelated on the sample.
    parts = [_waves(sample, seed, part) for part in range(tasks + 1)]
    reference = np.stack(parts, axis=1)
    center = reference.mean(axis=0)
    factor = np.linalg.cholesky(np.cov(reference.T))
    here = np.stack([_waves(points, seed, part) for part in range(tasks + 1)], axis=1)
    unrelated = np.linalg.solve(factor, (here - center).T).T
    common, own = unrelated[:, :1], unrelated[:, 1:]
    values: Floats = np.sqrt(related) * common + np.sqrt(1 - related) * own
    return values


def shuffle_labels(frame: pd.DataFrame, column: str, seed: int = 0) -> pd.DataFrame:
    """Return a copy of a frame in which the values of one column are shuffled.

    The labels are then unrelated to the features: no other task can help this task, and
    it cannot help any other.

    Args:
        frame: The rows.
        column: The name of the label's column.
        seed: The seed of the order.

        Returns:
            A copy of the frame. Missing values remain in their rows.

    Example:

    >>> frame = pd.DataFrame({"heart": [0, 1, None, 1]})
    >>> sorted(shuffle_labels(frame, "heart")["heart"].dropna().tolist())
    [0.0, 1.0, 1.0]
    """
    known = np.flatnonzero(frame[column].notna().to_numpy())
    order = np.arange(len(frame))
    order[known] = np.random.default_rng(seed).permutation(known)
    shuffled = frame.copy()
    shuffled[column] = frame[column].array.take(order)
    return shuffled


def _waves(x: Floats, seed: int, part: int) -> Floats:
    generator = np.random.default_rng((seed, 0, part))
    directions = generator.normal(size=(x.shape[1], WAVES)) / np.sqrt(x.shape[1])
    phases = generator.uniform(0, 2 * np.pi, WAVES)
    waves: Floats = np.sin(1.5 * x @ directions + phases).sum(axis=1)
    return waves


def _check(
    rows: int,
    tasks: int,
    related: float,
    noise: float,
    missing: float,
    features: int,
    kind: str,
) -> None:
    for name, count in (("rows", rows), ("tasks", tasks), ("features", features)):
        if count < 1:
            raise ValueError(
                f"Invalid value received for argument `{name}`. Expected a positive "
                f"number. Received: {name}={count}"
            )
    if not 0 <= related <= 1:
        raise ValueError(
            "Invalid value received for argument `related`. Expected a number from 0 "
            f"to 1. Received: related={related}"
        )
    for name, share in (("noise", noise), ("missing", missing)):
        if not 0 <= share < 1:
            raise ValueError(
                f"Invalid value received for argument `{name}`. Expected a number from "
                f"0 to below 1. Received: {name}={share}"
            )
    if kind not in get_args(Kind):
        raise ValueError(
            f"Invalid value received for argument `kind`. Expected one of "
            f"{list(get_args(Kind))}. Received: kind={kind!r}"
        )
