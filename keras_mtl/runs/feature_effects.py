"""Effects of features on a network's predictions, from an encoded matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from keras_mtl.evaluation import (
    FeatureImportance,
    PartialDependence,
    feature_importance,
    predict_over_values,
)
from keras_mtl.features import Feature
from keras_mtl.tasks import Task

__all__ = ["MOST_FEATURES", "FeatureEffects", "column_blocks", "feature_effects"]

# For more features, or pairs of a feature and a task, the effects would take too long.
MOST_FEATURES = 100
MOST_PAIRS = 500
# The numbers of rows that are shuffled, and that get values of a feature. One call of
# the network has all copies of a feature's rows.
MOST_ROWS = 1000
DEPENDENCE_ROWS = 300
VALUES = 12

PredictMatrix = Callable[[np.ndarray], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class FeatureEffects:
    """Effects of features on predictions.

    Attributes:
        importance: The importance of each feature for each task.
        dependence: Mean predictions over the values of features.
    """

    importance: tuple[FeatureImportance, ...] = ()
    dependence: tuple[PartialDependence, ...] = ()


def column_blocks(features: Sequence[Feature]) -> dict[str, slice]:
    """Return the columns of the encoded matrix by their feature's column.

    Args:
        features: Adapted features, in the order of the matrix.

    Example:

    >>> from keras_mtl.features import NumericFeature
    >>> age = NumericFeature("age", mean=50.0, scale=10.0, missing_share=0.0)
    >>> column_blocks([age, age.replace(name="dose")])
    {'age': slice(0, 1, None), 'dose': slice(1, 2, None)}
    """
    blocks, start = {}, 0
    for feature in features:
        stop = start + len(feature.encoded_names)
        blocks[feature.column_name] = slice(start, stop)
        start = stop
    return blocks


def feature_effects(
    predict: PredictMatrix,
    matrix: np.ndarray,
    blocks: Mapping[str, slice],
    columns: Mapping[str, pd.Series],
    tasks: Sequence[Task],
    labels: Mapping[str, np.ndarray],
    rows: np.ndarray,
    repeats: int = 3,
    strongest: int = 2,
    seed: int = 0,
) -> FeatureEffects:
    """Measure importance and partial dependence on held-out rows.

    The encoding treats each row and feature separately. A value of a feature is
    therefore set in a row by its encoded columns, without encoding again.

    Args:
        predict: A function from rows of the matrix to outputs by task.
        matrix: Encoded rows, (N, width).
        blocks: The columns of the matrix by feature.
        columns: The values by feature, (N,).
        tasks: The tasks.
        labels: The encoded labels of all rows by task, (N,) or (N, labels).
        rows: The positions of the held-out rows.
        repeats: The number of times that each feature is shuffled.
        strongest: The number of most important features per task whose partial
            dependence is measured, for all tasks.
        seed: The seed of the shuffling.

    Returns:
        The effects; empty for more than 100 features, or 500 pairs of a feature and a
        task.
    """
    measured = [task for task in tasks if task.metric_directions]
    pairs = len(blocks) * len(measured)
    if len(blocks) > MOST_FEATURES or not 0 < pairs <= MOST_PAIRS:
        return FeatureEffects()
    if len(rows) > MOST_ROWS:
        generator = np.random.default_rng(seed)
        rows = np.sort(generator.choice(rows, MOST_ROWS, replace=False))
    if not len(rows):
        return FeatureEffects()
    # Each cell is the position of the row that its feature's value comes from.
    sources = pd.DataFrame({name: np.arange(len(matrix)) for name in blocks})

    def predict_sources(frame: pd.DataFrame) -> Mapping[str, np.ndarray]:
        encoded = np.zeros((len(frame), matrix.shape[1]), matrix.dtype)
        for name, block in blocks.items():
            encoded[:, block] = matrix[frame[name].to_numpy(), block]
        return predict(encoded)

    importance = feature_importance(
        predict_sources,
        sources.iloc[rows],
        measured,
        {task.name: labels[task.name][rows] for task in measured},
        repeats=repeats,
        max_rows=None,
        seed=seed,
    )
    chosen = set()
    for task in measured:
        # The most important come first.
        own = [each.feature for each in importance if each.task == task.name]
        chosen |= set(own[:strongest])
    dependence = tuple(
        predict_over_values(
            predict_sources,
            sources,
            name,
            values=VALUES,
            max_rows=DEPENDENCE_ROWS,
            seed=seed,
            cells=columns[name],
            rows=rows,
        )
        for name in blocks
        if name in chosen
    )
    return FeatureEffects(importance, dependence)
