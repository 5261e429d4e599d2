"""Features of new data that are known to a run whose trunk is used."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.source_run import SourceRun
from keras_mtl.errors import warn_of_data
from keras_mtl.features import Feature
from keras_mtl.tables import describe_cells, require_columns
from keras_mtl.tables.column_store import Rows

__all__ = ["known_features"]

COLUMNS_SHOWN = 20


def known_features(
    frame: Rows,
    config: FitConfig,
    run: SourceRun,
    source: str,
    errors: list[str],
) -> tuple[Feature, ...]:
    """Find the features of a run whose columns are in the data.

    Features of the run without a column count as missing, and columns that the run does
    not know are left out. A warning reports both.

    Args:
        frame: The rows.
        config: The settings of the fit.
        run: The run whose encoder and trunk are used.
        source: The name of the data in messages.
        errors: A list to which error messages are added.

    Returns:
        The features, in the run's order, without their statistics.
    """
    inputs, data = config.inputs, config.data
    labels = {column for task in config.tasks for column in task.label_columns}
    named = [column for column in (data.group, data.sample_weight) if column]
    asked = None if inputs.columns is None else {*inputs.columns}
    for what, columns in (
        ("drop", inputs.drop),
        ("group", (data.group,) if data.group else ()),
        ("sample_weight", (data.sample_weight,) if data.sample_weight else ()),
    ):
        errors += require_columns(frame, columns, what, source)
    known: list[Feature] = []
    absent: list[str] = []
    for feature in run.features:
        column = feature.column_name
        left_out = column in {*labels, *named, *inputs.drop}
        if column in frame and not left_out and (asked is None or column in asked):
            known.append(feature)
        else:
            absent.append(column)
    for feature in known:
        wrong = feature.check_values(frame, source)
        errors += wrong or _unknown_categories(feature, frame, run, source)
    if not known:
        trained = [feature.column_name for feature in run.features]
        errors.append(
            f"{source}: expected at least one of the columns that {run.folder} was "
            f"trained with: {_list(trained)}. Received: none beside labels and those "
            "left out."
        )
    elif absent:
        warn_of_data(
            f"{source}: {run.folder} was trained with {_columns(absent)} too. The "
            "trunk takes them as missing in all rows, as they are not here, or are "
            "labels, or are left out."
        )
    _warn_of_others(frame, config, run, source, {*labels, *named})
    names = {feature.name for feature in known}
    errors += [
        f"{source}: task {task.name!r} has the name of a feature of {run.folder}. "
        f"Rename it ({task.name}_task:{task.kind}:{','.join(task.label_columns)})."
        for task in config.tasks
        if task.name in names
    ]
    return tuple(feature.declared() for feature in known)


def _warn_of_others(
    frame: Rows, config: FitConfig, run: SourceRun, source: str, used: set[str]
) -> None:
    """Report columns that the run did not know."""
    if config.inputs.columns is not None:
        return
    expected = {feature.column_name for feature in run.features} | used
    expected |= {*config.inputs.drop}
    # The labels of the run are not features.
    expected |= {column for task in run.tasks for column in task.label_columns}
    others = [str(column) for column in frame.columns if column not in expected]
    if others:
        warn_of_data(
            f"{source}: {run.folder} was trained without {_columns(others)}. Its trunk "
            "has no input for what it does not know: left out."
        )


def _unknown_categories(
    feature: Feature, frame: Rows, run: SourceRun, source: str
) -> list[str]:
    """Return a message for a column whose categories are all unknown to the run."""
    vocabulary = getattr(feature, "vocabulary", None)
    if not vocabulary:
        return []
    values = frame[feature.column_name]
    words = feature.to_array(values)
    present = words != ""
    if not present.any() or set(words[present].tolist()) & set(vocabulary):
        return []
    return [
        f"{source}, column {feature.column_name!r}: expected categories that "
        f"{run.folder} was trained with: {_list(vocabulary)}. Received none of them: "
        f"{describe_cells(frame, values[present])}. Write them as there, or leave the "
        f"column out (--drop {shlex.quote(feature.column_name)})."
    ]


def _columns(names: Sequence[str]) -> str:
    return f"{'column' if len(names) == 1 else 'columns'} {_list(names)}"


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:COLUMNS_SHOWN]))
    more = len(names) - COLUMNS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
