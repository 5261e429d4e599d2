"""Problems for the comparison of architectures: generated tasks and real tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmarks.heart_tasks import heart_tasks
from keras_mtl.datasets import make_related_tasks, related_task_values
from keras_mtl.splits import label_strata, split_rows
from keras_mtl.tasks import BinaryTask, MulticlassTask, RegressionTask, Task

__all__ = ["PROBLEMS", "RELATED", "SharingProblem", "made_tasks"]

RELATED = (0.0, 0.25, 0.5, 0.75, 1.0)
MADE_TASKS = 4
MADE_ROWS, VALIDATION_ROWS, TEST_ROWS = 300, 100, 1000
TEST_SHARE, VALIDATION_SHARE = 0.25, 0.25


@dataclass(frozen=True)
class SharingProblem:
    """Rows of several draws or splits, which are members of one program.

    Attributes:
        name: A short name.
        about: A description of the features and tasks, in one line.
        tasks: The tasks.
        inputs: The encoded rows of all members, (N, width).
        labels: The labels by task name, (N,); NaN is missing.
        train: The indices of the training rows of each member.
        validation: The indices of the rows that choose the epoch, for each member.
        test: The indices of the scored rows of each member.
        seeds: The seed of each member. Equal seeds give equal initial weights.
        groups: The group of each member in the report.
        truth: The predictions of the best possible model by task name, which replace
            the labels of scored rows; empty if unknown.
        test_share: The share of a member's rows that is scored, if members split the
            same rows; 0 if each member has its own rows.
    """

    name: str
    about: str
    tasks: tuple[Task, ...]
    inputs: np.ndarray
    labels: dict[str, np.ndarray]
    train: list[np.ndarray]
    validation: list[np.ndarray]
    test: list[np.ndarray]
    seeds: list[int]
    groups: list[str]
    truth: dict[str, np.ndarray] = field(default_factory=dict)
    test_share: float = 0.0


def made_tasks(seeds: int) -> SharingProblem:
    """Make four regressions whose true functions have a known correlation.

    Args:
        seeds: The number of draws per correlation in `RELATED`, each with its own
            functions, rows and noise.
    """
    names = [f"task{index + 1}" for index in range(MADE_TASKS)]
    rows = MADE_ROWS + VALIDATION_ROWS + TEST_ROWS
    inputs, labels, truth = [], [], []
    members = [(related, seed) for related in RELATED for seed in range(seeds)]
    for related, seed in members:
        frame = make_related_tasks(
            rows,
            tasks=MADE_TASKS,
            related=related,
            noise=0.3,
            kind="regression",
            seed=seed,
        )
        x = frame.filter(like="x").to_numpy()
        inputs.append(x)
        labels.append(frame[names].to_numpy())
        # Labels are the function times this factor, plus noise.
        values = related_task_values(x, tasks=MADE_TASKS, related=related, seed=seed)
        truth.append(np.sqrt(0.7) * values)
    first = [rows * number for number in range(len(members))]
    ends = (0, MADE_ROWS, MADE_ROWS + VALIDATION_ROWS, rows)
    parts = [
        [start + np.arange(ends[part], ends[part + 1]) for start in first]
        for part in range(3)
    ]
    joined, true = (np.concatenate(each).astype("float32") for each in (labels, truth))
    return SharingProblem(
        "made tasks",
        f"{MADE_TASKS} regressions on 8 features, {MADE_ROWS} rows, 30% noise",
        tuple(RegressionTask(name) for name in names),
        np.concatenate(inputs).astype("float32"),
        {name: joined[:, index] for index, name in enumerate(names)},
        *parts,
        seeds=[seed for _, seed in members],
        groups=[f"{related:g}" for related, _ in members],
        truth={name: true[:, index] for index, name in enumerate(names)},
    )


def _heart(seeds: int) -> SharingProblem:
    problem = heart_tasks(seeds)
    return SharingProblem(
        "heart disease",
        "920 patients: thalassemia (3 classes, half missing), heart disease",
        problem.model.tasks,
        problem.inputs,
        problem.labels,
        problem.train,
        problem.validation,
        problem.test,
        seeds=list(range(seeds)),
        groups=["all"] * seeds,
        test_share=0.2,
    )


def _diabetes(seeds: int) -> SharingProblem:
    from sklearn.datasets import load_diabetes

    frame = load_diabetes(as_frame=True, scaled=False).frame
    tasks = (RegressionTask("target"), RegressionTask("s6"))
    about = "442 patients: progression after a year, blood sugar (s6)"
    return _table("diabetes", about, frame, tasks, seeds)


def _breast_cancer(seeds: int) -> SharingProblem:
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame
    frame = frame.rename(columns=lambda name: name.replace(" ", "_"))
    tasks = (
        BinaryTask("target", classes=("malignant", "benign")),
        RegressionTask("worst_concavity"),
        RegressionTask("worst_texture"),
    )
    kept = [name for name in frame if name.startswith("mean_")]
    frame = frame[[*kept, *(task.name for task in tasks)]]
    about = "569 tumors, means of 10 features: diagnosis, worst concavity and texture"
    return _table("breast cancer", about, frame, tasks, seeds)


def _wine(seeds: int) -> SharingProblem:
    from sklearn.datasets import load_wine

    frame = load_wine(as_frame=True).frame
    tasks = (
        MulticlassTask("target", classes=("0", "1", "2")),
        RegressionTask("color_intensity"),
        RegressionTask("alcohol"),
    )
    about = "178 wines: cultivar (3 classes), color intensity, alcohol"
    return _table("wine", about, frame, tasks, seeds)


def _table(
    name: str, about: str, frame: pd.DataFrame, tasks: Sequence[Task], seeds: int
) -> SharingProblem:
    """Split a table of numbers once per seed; all seeds share the scale of labels."""
    names = [task.name for task in tasks]
    labels = {each: frame[each].to_numpy("float32") for each in names}
    features = frame.drop(columns=names).to_numpy("float64")
    strata = label_strata(labels)
    inputs: list[np.ndarray] = []
    parts: tuple[list[np.ndarray], ...] = ([], [], [])
    for seed in range(seeds):
        rest, held = split_rows(
            strata, test_fraction=TEST_SHARE, seed=seed, labels=labels
        )
        train, validation = split_rows(
            strata[rest],
            test_fraction=VALIDATION_SHARE,
            seed=seed,
            labels={each: values[rest] for each, values in labels.items()},
        )
        # The statistics of the features come from the training rows.
        known = features[rest[train]]
        inputs.append((features - known.mean(axis=0)) / known.std(axis=0))
        for rows, part in zip(
            (rest[train], rest[validation], held), parts, strict=True
        ):
            part.append(seed * len(frame) + rows)
    return SharingProblem(
        name,
        about,
        tuple(task.learn(labels[task.name]) for task in tasks),
        np.concatenate(inputs).astype("float32"),
        {each: np.tile(values, seeds) for each, values in labels.items()},
        *parts,
        seeds=list(range(seeds)),
        groups=["all"] * seeds,
        test_share=TEST_SHARE,
    )


PROBLEMS: dict[str, Callable[[int], SharingProblem]] = {
    "made": made_tasks,
    "heart": _heart,
    "diabetes": _diabetes,
    "breast-cancer": _breast_cancer,
    "wine": _wine,
}
