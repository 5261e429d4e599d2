"""Problems with a new task of few labels, and tasks of many labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_mtl.datasets import load_heart_disease
from keras_mtl.datasets.related_tasks import make_related_tasks
from keras_mtl.features import (
    build_encoder,
    encode_frame,
    infer_features,
    learn_features,
)

__all__ = ["HEART_TASKS", "TransferProblem", "heart_task", "related_task"]

# The generated data: rows for the tasks of many labels, test rows, and number of tasks.
SOURCE_ROWS, TEST_ROWS, SOURCE_TASKS = 1000, 2000, 4
# Columns that are not features: only few sites have labels of some tasks, so the site
# would reveal the task, and an identifier would reveal the row.
NOT_FEATURES = ["id", "dataset", "num", "thal", "exang"]
HEART_TASKS = ("heart", "exang", "thal")
LEAST_PER_CLASS = 4


@dataclass(frozen=True)
class TransferProblem:
    """The rows of all seeds, each with its own split.

    Attributes:
        name: A short name.
        inputs: The rows of all seeds, (N, width).
        labels: The labels by task name, (N,), 0 or 1; NaN is missing.
        new: The name of the new task.
        source: The rows of the tasks of many labels, by seed.
        few: The rows of the new task's few labels, by seed.
        test: The rows on which the new task is tested, by seed.
    """

    name: str
    inputs: np.ndarray
    labels: dict[str, np.ndarray]
    new: str
    source: list[np.ndarray]
    few: list[np.ndarray]
    test: list[np.ndarray]

    @property
    def sources(self) -> list[str]:
        """The names of the tasks of many labels."""
        return [name for name in self.labels if name != self.new]


def related_task(
    seeds: int, labels: int, related: float, first_seed: int = 0
) -> TransferProblem:
    """Generate five binary tasks of a given correlation, of which the last is new.

    Args:
        seeds: The number of seeds, each with its own functions, rows and noise.
        labels: The number of labels of the new task.
        related: The correlation of any two tasks' functions.
        first_seed: The first seed.
    """
    count = SOURCE_TASKS + 1
    rows = SOURCE_ROWS + 10 * labels + TEST_ROWS
    frames = [
        make_related_tasks(
            rows, tasks=count, related=related, noise=0.2, seed=first_seed + seed
        )
        for seed in range(seeds)
    ]
    names = [f"task{index + 1}" for index in range(count)]
    tables = [frame.to_numpy("float32") for frame in frames]
    table = np.concatenate(tables)
    inputs, values = table[:, :-count], table[:, -count:]
    starts = np.arange(seeds) * rows
    pool = range(SOURCE_ROWS, SOURCE_ROWS + 10 * labels)
    few = [
        start
        + SOURCE_ROWS
        + _draw(values[start + np.array(pool), -1], labels, first_seed + seed)
        for seed, start in enumerate(starts)
    ]
    return TransferProblem(
        f"made tasks, related {related:g}",
        np.ascontiguousarray(inputs),
        {name: values[:, index].copy() for index, name in enumerate(names)},
        names[-1],
        [start + np.arange(SOURCE_ROWS) for start in starts],
        few,
        [start + np.arange(rows - TEST_ROWS, rows) for start in starts],
    )


def heart_task(
    seeds: int, labels: int, new: str, first_seed: int = 0
) -> TransferProblem:
    """Use one of three tasks of the heart data as the new task.

    The tasks are heart disease (`num` above 0), angina in the exercise test, and a
    defect in the thallium scan. None of them is a feature. One half of the rows has the
    labels of the two other tasks, and the other half has the labels of the new task.

    Args:
        seeds: The number of seeds, each with its own split.
        labels: The number of labels of the new task.
        new: One of `HEART_TASKS`.
        first_seed: The first seed.
    """
    frame = load_heart_disease()
    thal = frame["thal"]
    labels_of = {
        "heart": (frame["num"] > 0).astype("float32").to_numpy(),
        "exang": frame["exang"].map(_truth).to_numpy("float32"),
        "thal": np.where(thal.isna(), np.nan, thal != "normal").astype("float32"),
    }
    left_out = [column for column in NOT_FEATURES if column in frame]
    features = infer_features(frame, exclude=left_out)
    matrices, source, few, test = [], [], [], []
    for seed in range(seeds):
        order = np.random.default_rng(first_seed + seed).permutation(len(frame))
        mine, other = np.array_split(order, 2)
        learned = learn_features(features, frame, mine)
        matrices.append(encode_frame(build_encoder(learned), learned, frame))
        known = other[~np.isnan(labels_of[new][other])]
        drawn = _draw(labels_of[new][known], labels, first_seed + seed)
        start = seed * len(frame)
        source.append(start + mine)
        few.append(start + known[drawn])
        test.append(start + np.delete(known, drawn))
    width = max(matrix.shape[1] for matrix in matrices)
    padded = [
        np.pad(matrix, ((0, 0), (0, width - matrix.shape[1]))) for matrix in matrices
    ]
    return TransferProblem(
        f"heart data, new task {new}",
        np.concatenate(padded).astype("float32"),
        {name: np.tile(values, seeds) for name, values in labels_of.items()},
        new,
        source,
        few,
        test,
    )


def _truth(value: object) -> float:
    return {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}.get(
        str(value).lower(), np.nan
    )


def _draw(values: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Draw positions, including a few rows of each class."""
    generator = np.random.default_rng((seed, 7))
    while True:
        drawn = generator.permutation(len(values))[:count]
        ones = int(np.sum(values[drawn]))
        if min(ones, count - ones) >= min(LEAST_PER_CLASS, count // 4):
            return drawn
