"""The models of a comparison for shares of a task's labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from keras_mtl.comparison.candidates import (
    MULTI_TASK,
    SINGLE_TASK,
    Candidate,
)
from keras_mtl.comparison.folds import Fold
from keras_mtl.comparison.kept_labels import KeptLabels
from keras_mtl.comparison.settings import ComparisonSettings
from keras_mtl.errors import UserError
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.tasks import Task

__all__ = [
    "check_label_shares",
    "label_share_candidates",
    "labels_kept",
    "share_candidate",
]

# One label for training and one label for early stopping.
FEWEST_LABELS = 2


def check_label_shares(
    data: PreparedData, folds: Sequence[Fold], settings: ComparisonSettings
) -> None:
    """Check that the shares keep enough labels in each fold.

    Args:
        data: The rows.
        folds: The folds of all repeats.
        settings: The settings, with the shares.

    Raises:
        UserError: If a class keeps too few labels in a fold, or if there is only one
            task.
    """
    if not settings.label_shares:
        return
    if len(data.main_tasks) < 2:
        raise UserError(
            "--label-shares: expected two or more tasks, of which one keeps a share of "
            f"its labels. Received: one, {data.main_tasks[0].name!r}."
        )
    errors = [
        message
        for task in data.main_tasks
        for share in _shares(settings)
        for message in _too_few(data, folds, KeptLabels(task.name, share), task)
    ]
    if errors:
        raise UserError(*errors)


def label_share_candidates(
    data: PreparedData,
    folds: Sequence[Fold],
    settings: ComparisonSettings,
    candidates: Sequence[Candidate],
) -> list[Candidate]:
    """Return the networks that see a share of one task's labels.

    Args:
        data: The rows.
        folds: The folds of all repeats.
        settings: The settings, with the shares.
        candidates: The models of the comparison without shares.

        Returns:
            A multi-task and a single-task network per task and share, without networks
            that the comparison already has.
    """
    found = [
        share_candidate(data, folds, candidates, model, task.name, share)
        for task in data.main_tasks
        for share in _shares(settings)
        for model in (MULTI_TASK, SINGLE_TASK)
    ]
    return [candidate for candidate in found if candidate not in candidates]


def share_candidate(
    data: PreparedData,
    folds: Sequence[Fold],
    candidates: Sequence[Candidate],
    model: str,
    task: str,
    share: float,
) -> Candidate:
    """Return the network that sees a share of a task's labels.

    All networks of a task are trained for as many steps as the multi-task network with
    all labels. With fewer rows an epoch has fewer steps, so the network gets more
    epochs and more patience by the same factor.

    Args:
        data: The rows.
        folds: The folds of all repeats.
        candidates: The models of the comparison without shares.
        model: `MULTI_TASK` or `SINGLE_TASK`.
        task: The name of the task.
        share: The share of the task's training labels.

        Returns:
            The network; the network of the comparison if the two do not differ.
    """
    (own,) = (each for each in candidates if each.name == model)
    training = own.config.training
    known = {
        each.name: np.isfinite(data.labels[each.name].reshape(len(data.rows), -1)).any(
            axis=1
        )
        for each in data.tasks
    }
    others = np.zeros(len(data.rows), bool)
    for name, labeled in known.items():
        if name != task:
            others |= labeled
    reference = float((others | known[task]).sum())
    if model == SINGLE_TASK:
        rows = share * float(known[task].sum())
    else:
        rows = float(others.sum()) + share * float((known[task] & ~others).sum())
    # The rows of an average fold, so that all folds have the same number of epochs.
    folds_per_repeat = sum(fold.repeat == 0 for fold in folds)
    part = (1 - 1 / folds_per_repeat) * (1 - training.validation_fraction)
    factor = _steps(part * reference, training.batch_size) / _steps(
        part * rows, training.batch_size
    )
    longer = training.replace(
        epochs=max(1, round(factor * training.epochs)),
        patience=math.ceil(factor * training.patience),
    )
    if share == 1 and longer == training:
        return own
    return Candidate(
        f"{model}, {share:.12g} of {task}",
        own.form,
        own.config.replace(training=longer),
        kept=KeptLabels(task, share),
    )


def labels_kept(data: PreparedData, folds: Sequence[Fold], kept: KeptLabels) -> float:
    """Return the mean number of rows with a kept label over the folds.

    Args:
        data: The rows.
        folds: The folds.
        kept: The share of a task's training labels.
    """
    return float(np.mean([len(kept.rows(data, fold)) for fold in folds]))


def _shares(settings: ComparisonSettings) -> list[float]:
    return sorted(set(settings.label_shares))


def _steps(rows: float, batch_size: int) -> int:
    return max(1, math.ceil(rows / batch_size))


def _too_few(
    data: PreparedData, folds: Sequence[Fold], kept: KeptLabels, task: Task
) -> list[str]:
    """Return a message per class with too few labels in a fold."""
    labels = data.labels[task.name]
    fewest: dict[tuple[str, str], int] = {}
    for fold in folds:
        rows = kept.rows(data, fold)
        for column, word, has in task.label_groups(labels):
            count = int(has[rows].sum())
            key = column, word
            fewest[key] = min(fewest.get(key, count), count)
    messages = []
    for (column, word), count in fewest.items():
        if count < FEWEST_LABELS:
            what = f"labels of class {word!r}" if word else "labels"
            messages.append(
                f"--label-shares {kept.share:g}: {data.source}, column {column!r}: "
                f"task {task.name!r} expects at least {FEWEST_LABELS} {what} among "
                f"the training rows of each fold. Received: {count}. Choose larger "
                "shares, or more rows."
            )
    return messages
