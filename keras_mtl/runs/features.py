"""Choice of the columns that become features, and of their kinds."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence

from keras_mtl.architectures.solved import solved_settings
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.errors import warn_of_data
from keras_mtl.features import (
    FEATURE_KINDS,
    Feature,
    feature_name,
    infer_features,
)
from keras_mtl.tables import drop_uninformative, require_columns
from keras_mtl.tables.column_store import Rows
from keras_mtl.tables.suspicions import (
    is_named_code,
    is_named_identifier,
    repeats_identifier,
)

__all__ = ["choose_features"]


def choose_features(
    frame: Rows, config: FitConfig, source: str, errors: list[str]
) -> tuple[Feature, ...]:
    """Declare the features of a run.

    The settings take precedence. Other columns and fields are inferred from the data.

    Args:
        frame: The rows.
        config: The run's settings.
        source: The name of the data in messages.
        errors: A list to which error messages are added.

    Returns:
        The features, in the columns' order.
    """
    labels = {
        column: task.name for task in config.tasks for column in task.label_columns
    }
    columns = _feature_columns(frame, config, labels, source, errors)
    columns = drop_uninformative(frame, columns)
    chosen = set(columns)
    declared = _declare(config, chosen)
    hidden = [column for column in frame.columns if column not in chosen]
    in_full = {item.column_name for item in config.features}
    features = infer_features(frame, exclude=hidden, declared=declared)
    if not features and not errors:
        # All remaining columns may look like identifiers or free text.
        errors.append(
            f"{source}: expected at least one feature; no column is left beside the "
            "labels and those left out. Give a file with columns to predict from."
        )
    features = tuple(
        feature.with_defaults(config.inputs)
        if feature.column_name not in in_full
        else feature
        for feature in features
    )
    features = tuple(
        feature.resolve(frame[feature.column_name]) for feature in features
    )
    if solved_settings(config.model.architecture, config.model) is not None:
        # Full declarations with an embedding were already refused with the settings.
        features = tuple(feature.without_embedding() for feature in features)
    for feature in features:
        errors += feature.check_values(frame, source)
    _warn_of_identifiers(frame, columns, config)
    _warn_of_digits(features, config)
    by_name = {feature.name: feature for feature in features}
    for task in config.tasks:
        if task.name in by_name:
            column = by_name[task.name].column_name
            errors.append(
                f"{source}: task {task.name!r} has the name of the feature in column "
                f"{column!r}. Rename the task "
                f"({task.name}_task:{task.kind}:{','.join(task.label_columns)}), or "
                f"leave the column out (--drop {shlex.quote(column)})."
            )
    return features


def _feature_columns(
    frame: Rows,
    config: FitConfig,
    labels: dict[str, str],
    source: str,
    errors: list[str],
) -> list[str]:
    inputs = config.inputs
    declared = [feature.column_name for feature in config.features]
    named = {
        "columns": inputs.columns or (),
        "drop": inputs.drop,
        "numeric": inputs.numeric,
        "boolean": inputs.boolean,
        "date": inputs.date,
        "categorical": inputs.categorical,
        "missing_values": tuple(inputs.missing_values),
        "features": declared,
        "group": (config.data.group,) if config.data.group is not None else (),
        "sample_weight": (
            () if config.data.sample_weight is None else (config.data.sample_weight,)
        ),
    }
    for what, names in named.items():
        errors += require_columns(frame, names, what, source)
    for column in dict.fromkeys([*(inputs.columns or ()), *declared]):
        if column in labels:
            errors.append(
                f"{source}: column {column!r} is a feature and the label of task "
                f"{labels[column]!r}. Leave it out of the features."
            )
        elif column in config.data.computed:
            errors.append(
                f"{source}: column {column!r} is computed, for labels alone, and can't "
                "be a feature: a request to the served model would lack it."
            )
    errors += _kinds_twice(config, source)
    weight = config.data.sample_weight
    if weight in labels or weight in [*(inputs.columns or ()), *declared]:
        errors.append(
            f"{source}: column {weight!r} is the sample weight and a "
            f"{'label' if weight in labels else 'feature'}. Choose one."
        )
    left_out = {*inputs.drop, *labels, *config.data.computed, weight}
    if inputs.columns is None:
        # A patient's number would let the network recognize the patient.
        left_out |= {config.data.group} if config.data.group is not None else set()
        chosen = list(map(str, frame.columns))
    else:
        chosen = [*inputs.columns, *declared]
    return [
        column
        for column in dict.fromkeys(chosen)
        if column in frame and column not in left_out
    ]


def _kinds_twice(config: FitConfig, source: str) -> list[str]:
    inputs = config.inputs
    kinds: dict[str, list[str]] = {}
    for kind, columns in (
        ("numeric", inputs.numeric),
        ("boolean", inputs.boolean),
        ("date", inputs.date),
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
    """Declare the features in the settings, which name all fields or only the kind."""
    inputs = config.inputs
    features = [item for item in config.features if item.column_name in columns]
    known = {feature.column_name for feature in features}
    # Declarations of only a kind get the names that inference would give.
    taken = {feature.name.lower() for feature in features}
    kinds = (
        ("categorical", inputs.categorical),
        ("boolean", inputs.boolean),
        ("date", inputs.date),
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


def _warn_of_identifiers(
    frame: Rows, columns: Collection[str], config: FitConfig
) -> None:
    """Warn about columns whose equal values may mark rows of one person or thing."""
    if config.data.group is not None:
        return
    for column in filter(is_named_identifier, columns):
        distinct = repeats_identifier(frame[column].dropna(), column)
        if distinct is not None:
            warn_of_data(
                f"Column {column!r} looks like an identifier that repeats: {distinct} "
                f"values in {len(frame)} rows. If rows of one value belong together, "
                f"keep them on one side of the split (--group {shlex.quote(column)})."
            )


def _warn_of_digits(features: Sequence[Feature], config: FitConfig) -> None:
    """Warn about columns whose numbers are names, such as zip codes."""
    asked = {*config.inputs.numeric, *(item.column_name for item in config.features)}
    for feature in features:
        column = feature.column_name
        if feature.dtype == "float32" and column not in asked and is_named_code(column):
            quoted = shlex.quote(column)
            warn_of_data(
                f"Column {column!r} is read as a number, though its digits seem to be "
                f"a name, which counts nothing. Read it as categories (--categorical "
                f"{quoted}), leave it out (--drop {quoted}), or keep it (--numeric "
                f"{quoted})."
            )
