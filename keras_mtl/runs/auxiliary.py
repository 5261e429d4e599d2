"""Auxiliary tasks of a run: their columns, and checks of their use."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.errors import UserError, gather
from keras_mtl.features import Feature
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tables.expressions import compute_column, parse_expression
from keras_mtl.tables.text_values import to_words
from keras_mtl.tasks import Task
from keras_mtl.tasks.names import check_task_names

__all__ = ["add_auxiliary", "compute_columns", "find_copies"]

# The number of rows with which a label is compared to an input.
COMPARED_ROWS = 5000
# The smallest share of the labeled rows that also have the input.
LEAST_OVERLAP = 0.9


def compute_columns(
    frame: ColumnStore,
    config: FitConfig,
    computed: Mapping[str, str],
    source: str,
    lenient: bool = False,
) -> None:
    """Add computed columns to rows.

    Args:
        frame: The rows.
        config: The run's settings, with the numbers that mean missing.
        computed: The expressions by column name.
        source: The name of the data in messages.
        lenient: Whether an absent column makes the computed values missing instead of
            an error, as in rows that are only measured.

    Raises:
        UserError: With one message per column that cannot be computed.
    """
    errors: list[str] = []
    declared = {each.column_name: each.missing_numbers for each in config.features}
    missing = {**declared, **config.inputs.missing_values}
    for name, text in computed.items():
        expression = parse_expression(text)
        if lenient and not all(column in frame for column in expression.columns):
            values = frame.allocate(len(frame), "float64")
            values[:] = np.nan
            frame.add(name, values)
            continue
        with gather(errors):
            compute_column(frame, name, expression, source, missing)
    if errors:
        raise UserError(*errors)


def add_auxiliary(
    frame: ColumnStore,
    config: FitConfig,
    source: str,
    errors: list[str],
    features: Sequence[Feature] | None = None,
) -> FitConfig:
    """Create the auxiliary tasks of a run, and compute the columns of their labels.

    Args:
        frame: The rows, to which the columns are added.
        config: The run's settings.
        source: The name of the data in messages.
        errors: A list to which error messages are added.
        features: The features, for tasks that are made from features; None before the
            features are known, for all other tasks.

    Returns:
        The settings with the tasks and the expressions of their labels.
    """
    tasks, computed = list(config.tasks), dict(config.data.computed)
    new = computed if features is None else {}
    if new:
        with gather(errors):
            compute_columns(frame, config, new, source)
    known = {task.name for task in tasks if task.auxiliary}
    for helper in config.auxiliary:
        if helper.needs_features is (features is None):
            continue
        with gather(errors):
            made = helper.make(frame, features or (), source)
            # A resumed run already has them among its tasks.
            added = [task for task in made.tasks if task.name not in known]
            absent = {
                name: text
                for name, text in made.computed.items()
                if name not in computed
            }
            _require_same(helper.name, made.computed, computed)
            compute_columns(frame, config, absent, source)
            computed |= absent
            tasks += [_with_head(task, helper.widths is None, config) for task in added]
    # Columns from which labels are computed are not inputs either.
    named = {*(config.inputs.columns or ()), *(f.column_name for f in config.features)}
    labels = {column for task in tasks for column in task.label_columns}
    left = dict.fromkeys(
        column for helper in config.auxiliary for column in helper.label_columns
    )
    errors += [
        f"{source}: column {column!r} is a feature and the label of an auxiliary task. "
        "Leave it out of the features."
        for column in left
        if features is None and column in named - labels
    ]
    if len(tasks) > len(config.tasks):
        names = [task.name for task in tasks]
        errors += [
            message for message in check_task_names(names) if message not in errors
        ]
        errors += [
            f"{source}: auxiliary task {name!r} has the name of a feature. Rename what "
            "it is made of."
            for name in names
            if name in {feature.name for feature in features or ()}
        ]
    drop = dict.fromkeys(
        [*config.inputs.drop, *(each for each in left if each in frame)]
    )
    return config.replace(
        tasks=tuple(tasks),
        data=config.data.replace(computed=computed),
        inputs=config.inputs.replace(drop=tuple(drop)),
    )


def _require_same(
    name: str, made: Mapping[str, str], computed: Mapping[str, str]
) -> None:
    """Raise an error if a column already has another expression."""
    errors = [
        f"auxiliary {name!r}: expected to compute column {column!r} as {text!r}. "
        f"Received: a computed column of that name, {computed[column]!r}. Rename one."
        for column, text in made.items()
        if computed.get(column, text) != text
    ]
    if errors:
        raise UserError(*errors)


def _with_head(task: Task, has_default_widths: bool, config: FitConfig) -> Task:
    """Apply the settings `[heads]` to a task."""
    heads: dict[str, Any] = {"label_smoothing": config.heads.label_smoothing}
    if has_default_widths:
        heads["widths"] = config.heads.widths
    return task.replace(
        **{key: value for key, value in heads.items() if hasattr(task, key)}
    )


def find_copies(
    frame: ColumnStore,
    config: FitConfig,
    tasks: Sequence[Task],
    features: Sequence[Feature],
    source: str,
) -> list[str]:
    """Find auxiliary tasks whose labels are copies of inputs.

    A network solves such a task by copying and learns nothing from it (Caruana 1997),
    unless training hides inputs, which then have to be reconstructed.

    Args:
        frame: The rows.
        config: The run's settings.
        tasks: The resolved tasks.
        features: The features.
        source: The name of the data in messages.

    Returns:
        One message per such task.
    """
    auxiliary = [task for task in tasks if task.auxiliary]
    if not auxiliary or config.model.input_dropout:
        return []
    rows = np.unique(np.linspace(0, len(frame) - 1, COMPARED_ROWS).astype(int))
    columns = {
        *(column for task in auxiliary for column in task.label_columns),
        *(feature.column_name for feature in features),
    }
    sample = frame.frame(sorted(columns), rows)
    messages = []
    for task in auxiliary:
        labels = np.reshape(task.encode_labels(sample), (len(sample), -1))
        for feature in features:
            values = _values(sample[feature.column_name], feature)
            how = None
            if any(_is_copy(own, values) for own in labels.T):
                how = "the input"
            elif getattr(feature, "missing_flag", False) and any(
                _is_copy(own, np.isnan(values).astype("float64")) for own in labels.T
            ):
                how = "the missing flag of the input"
            if how is not None:
                column = feature.column_name
                messages.append(
                    f"{source}: auxiliary task {task.name!r} expects labels that the "
                    "inputs do not hold, as a copy teaches nothing. Received: "
                    f"{how} in column {column!r}. Leave the column out (--drop "
                    f"{shlex.quote(column)}), or hide inputs in training, so that they "
                    "have to be reconstructed (--input-dropout 0.2)."
                )
    return messages


def _values(column: pd.Series, feature: Feature) -> np.ndarray:
    """Return an input's values as numbers, and categories as their indices."""
    if feature.dtype == "float32":
        numbers = pd.to_numeric(column, errors="coerce").to_numpy("float64")
        return np.where(np.isin(numbers, feature.missing_numbers), np.nan, numbers)
    words = pd.Series(to_words(column))
    codes, _ = pd.factorize(words.mask(words == ""))
    return np.where(codes < 0, np.nan, codes).astype("float64")


def _is_copy(labels: np.ndarray, values: np.ndarray) -> bool:
    """Return whether labels are values in another unit or with other names."""
    known = np.isfinite(labels)
    both = known & np.isfinite(values)
    if both.sum() < max(3, LEAST_OVERLAP * known.sum()):
        return False
    first, second = labels[both].astype("float64"), values[both]
    distinct = len(np.unique(first)), len(np.unique(second))
    if min(distinct) < 2:
        return False
    if distinct[0] == distinct[1] and distinct[0] <= 0.5 * len(first):
        # Each label has one value, and each value one label.
        return len(np.unique(np.stack([first, second]), axis=1).T) == distinct[0]
    correlation = np.corrcoef(first, second)[0, 1]
    return bool(abs(correlation) > 1 - 1e-9)
