"""Checks that a split leaves enough rows for training and validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.errors import UserError
from keras_mtl.runs.set_quantiles import find_quantiles
from keras_mtl.runs.split import MemberRows, RowSplit
from keras_mtl.tasks import Task
from keras_mtl.tasks.class_weights import class_weight_table
from keras_mtl.tasks.names import unknown_tasks
from keras_mtl.tasks.threshold_aims import aim_of
from keras_mtl.training.settings import TrainingSettings

__all__ = [
    "require_groups",
    "require_validation_labels",
    "require_weighed_classes",
]


def require_weighed_classes(
    tasks: Sequence[Task],
    labels: dict[str, np.ndarray],
    config: FitConfig,
    split: RowSplit,
) -> None:
    """Check that class weights name tasks, and classes with training rows.

    Raises:
        UserError: If a task or a class has no such rows.
    """
    by_name = {task.name: task for task in tasks}
    weighed = list(config.training.class_weights)
    errors = unknown_tasks("training.class_weights", weighed, list(by_name))
    for name, weights in config.training.class_weights.items():
        if name not in by_name:
            continue
        try:
            class_weight_table(by_name[name], weights, labels[name][split.train_rows])
        except ValueError as error:
            errors.append(f"training.class_weights.{name}: {error}")
    if errors:
        raise UserError(*errors)


def require_groups(config: FitConfig, split: RowSplit, source: str) -> None:
    """Check that members can hold out a group for their validation.

    Raises:
        UserError: If all training rows belong to one group.
    """
    groups = len(np.unique(split.groups[split.train_rows]))
    if not config.training.validation_fraction or groups > 1:
        return
    column = config.data.group
    where = source if column is None else f"{source}, column {column!r}"
    parts = "to train on and one to validate on"
    if config.data.test_path is None:
        expected, parts = "three", f"one {parts}, beside one to test on"
    else:
        expected, parts = "two", f"one {parts}"
    remedy = "Give rows of more groups"
    if column is None:
        remedy = (
            "Rows that are alike in all features are one group. Give more features or "
            "rows that differ"
        )
    raise UserError(
        f"{where}: expected at least {expected} groups of rows, {parts}. Received: "
        f"{groups} to train on. {remedy}, or train without validation "
        "(--validation-fraction 0 --patience 0)."
    )


def require_validation_labels(
    tasks: Sequence[Task],
    labels: dict[str, np.ndarray],
    members: MemberRows,
    settings: TrainingSettings,
    source: str,
) -> None:
    """Check that validation rows have the labels for calibration after training.

    Raises:
        UserError: If no validation row has a class, or the rows are too few for sets
            with the requested coverage.
    """
    if members.validation is None:
        return
    rows = np.unique(np.concatenate(members.validation))
    errors = []
    # Other tasks are not predicted.
    tasks = [task for task in tasks if not task.auxiliary]
    for task in tasks:
        aim = aim_of(task)
        known = labels[task.name][rows]
        counts = [int(np.sum(known == code)) for code in (1, 0)]
        if aim is not None and 0 in counts:
            errors.append(
                f"{source}: expected validation rows of both classes of task "
                f"{task.name!r}, to choose its threshold for {aim}. Received: "
                f"{counts[0]} positive and {counts[1]} negative labels. Use more "
                "members or a larger --validation-fraction, or give a number: "
                f"--threshold {task.name}=0.5."
            )
    if settings.coverage is not None:
        # The existence of a quantile depends only on the number of scores.
        scores = {
            task.name: rule.scores(labels[task.name][rows], zeros)
            for task in tasks
            if (rule := task.prediction_set_rule()) is not None
            for zeros in [np.zeros((len(rows), task.units), "float32")]
        }
        quantiles = (
            find_quantiles(scores, settings.coverage, settings.joint_coverage)[0]
            if scores
            else {}
        )
        errors += [
            f"{source}: expected more validation rows with a label of task {name!r}, "
            f"for sets with a coverage of {settings.coverage:g}. Received: "
            f"{np.isfinite(scores[name]).sum()}. Use more members, a larger "
            "--validation-fraction or a lower --coverage."
            for name, quantile in quantiles.items()
            if quantile == np.inf
        ]
    if errors:
        raise UserError(*errors)
