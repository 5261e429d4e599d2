"""Which columns become features, and of which kind."""

from __future__ import annotations

from collections.abc import Collection

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.features import (
    FEATURE_KINDS,
    Feature,
    feature_name,
    infer_features,
)
from keras_mtl.tables import drop_uninformative, require_columns
from keras_mtl.tables.column_store import Rows

__all__ = ["choose_features"]


def choose_features(
    frame: Rows, config: FitConfig, source: str, mistakes: list[str]
) -> tuple[Feature, ...]:
    """Declares the features of a run.

    Columns that the settings name come first in authority; what they leave
    open is inferred from the data.

    Args:
        frame: The rows.
        config: The run's settings.
        source: What the messages call the data.
        mistakes: Gets a message for each thing that is wrong.

    Returns:
        The features, in the columns' order.
    """
    labels = {
        column: task.name for task in config.tasks for column in task.label_columns
    }
    columns = _feature_columns(frame, config, labels, source, mistakes)
    columns = drop_uninformative(frame, columns)
    if not columns and not mistakes:
        mistakes.append(
            f"{source}: expected at least one feature; no column is left beside the "
            "labels and those left out. Give a file with columns to predict from."
        )
    declared = _declare(config, columns)
    hidden = [column for column in frame.columns if column not in columns]
    features = infer_features(frame, exclude=hidden, declared=declared)
    features = tuple(
        feature.with_defaults(config.inputs)
        if feature.column_name not in {item.column_name for item in config.features}
        else feature
        for feature in features
    )
    for feature in features:
        mistakes += feature.check_values(frame, source)
    by_name = {feature.name: feature for feature in features}
    for task in config.tasks:
        if task.name in by_name:
            mistakes.append(
                f"{source}: task {task.name!r} is named like the feature in column "
                f"{by_name[task.name].column_name!r}. Rename the task "
                f"({task.name}_task:{task.kind}:{','.join(task.label_columns)}), or "
                f"leave the column out (--drop {by_name[task.name].column_name})."
            )
    return features


def _feature_columns(
    frame: Rows,
    config: FitConfig,
    labels: dict[str, str],
    source: str,
    mistakes: list[str],
) -> list[str]:
    inputs = config.inputs
    declared = [feature.column_name for feature in config.features]
    named = {
        "columns": inputs.columns or (),
        "drop": inputs.drop,
        "numeric": inputs.numeric,
        "boolean": inputs.boolean,
        "categorical": inputs.categorical,
        "missing_values": tuple(inputs.missing_values),
        "features": declared,
        "group": (config.data.group,) if config.data.group is not None else (),
    }
    for what, names in named.items():
        mistakes += require_columns(frame, names, what, source)
    for column in dict.fromkeys([*(inputs.columns or ()), *declared]):
        if column in labels:
            mistakes.append(
                f"{source}: column {column!r} is a feature and the label of task "
                f"{labels[column]!r}. Leave it out of the features."
            )
    mistakes += _kinds_twice(config, source)
    left_out = {*inputs.drop, *labels}
    if inputs.columns is None:
        # A patient's number would let the network know the patient again.
        left_out |= {config.data.group} if config.data.group is not None else set()
        chosen = list(map(str, frame.columns))
    else:
        chosen = [*inputs.columns, *declared]
    return [
        column
        for column in dict.fromkeys(chosen)
        if column in frame.columns and column not in left_out
    ]


def _kinds_twice(config: FitConfig, source: str) -> list[str]:
    inputs = config.inputs
    kinds: dict[str, list[str]] = {}
    for kind, columns in (
        ("numeric", inputs.numeric),
        ("boolean", inputs.boolean),
        ("categorical", inputs.categorical),
        ("declared", [feature.column_name for feature in config.features]),
    ):
        for column in columns:
            kinds.setdefault(column, []).append(kind)
    return [
        f"{source}: column {column!r} is to be {' and '.join(named)}. Choose one."
        for column, named in kinds.items()
        if len(named) > 1
    ]


def _declare(config: FitConfig, columns: Collection[str]) -> list[Feature]:
    """Declares the features that the settings name, in full or by kind alone."""
    inputs = config.inputs
    features = [item for item in config.features if item.column_name in columns]
    known = {feature.column_name for feature in features}
    # Declared kinds come with the names that inference would give them.
    taken = {feature.name.lower() for feature in features}
    kinds = (
        ("categorical", inputs.categorical),
        ("boolean", inputs.boolean),
        ("numeric", (*inputs.numeric, *inputs.missing_values)),
    )
    for kind_name, names in kinds:
        kind = FEATURE_KINDS.load(kind_name)
        for column in names:
            if column in columns and column not in known:
                name = feature_name(column, taken)
                taken.add(name.lower())
                known.add(column)
                features.append(kind(name, column=None if name == column else column))
    return features
