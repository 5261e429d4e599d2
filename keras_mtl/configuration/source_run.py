"""The run whose trunk a new task is trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from keras_mtl.architectures.registry import check_architecture
from keras_mtl.architectures.settings import COMMON_SETTINGS
from keras_mtl.architectures.solved import solved_settings
from keras_mtl.configuration.toml_file import read_toml
from keras_mtl.errors import UserError, did_you_mean, show_value
from keras_mtl.features.feature import Feature
from keras_mtl.features.kinds import deserialize_feature
from keras_mtl.serving.model_file import check_model_file, read_declarations
from keras_mtl.tasks.task import Task
from keras_mtl.transfer.settings import TransferSettings

__all__ = ["SourceRun", "lay_on_source", "read_source_run", "unused_transfer"]

MARKS = ("config.toml", "model.keras")
# What the encoder of the run has decided.
ENCODING = (
    "encoding",
    "numeric_encoding",
    "numeric_embedding",
    "missing_flags",
    "maximum_levels",
    "embed_above",
)
# A task of such a name would have layers named like the trunk's.
TRUNK = "trunk"
KINDS_WITH_CLOSED_FORM = ("binary", "multiclass", "regression")


@dataclass(frozen=True)
class SourceRun:
    """Facts of a run that can be read without loading its network.

    Attributes:
        folder: The run folder.
        settings: Its settings, plain.
        tasks: Its tasks.
        features: Its features, with what they learned.
        digest: The SHA-256 digest of its model.
    """

    folder: Path
    settings: dict[str, Any]
    tasks: tuple[Task, ...]
    features: tuple[Feature, ...]
    digest: str

    @property
    def model_path(self) -> Path:
        """The run's model."""
        return self.folder / "model.keras"


def read_source_run(folder: str) -> SourceRun:
    """Read the facts of a run without loading its network.

    Args:
        folder: The run folder.

    Raises:
        UserError: If it is not a run folder, or its files cannot be read.
    """
    path = Path(folder)
    lacking = [name for name in MARKS if not (path / name).is_file()]
    if lacking:
        what = "no such folder"
        if path.exists():
            what = f"it has no {' and no '.join(lacking)}"
        raise UserError(
            f"--from: expected the folder of a run, as python -m keras_mtl.fit writes "
            f"it. Received {folder}: {what}."
        )
    settings = read_toml(str(path / MARKS[0]))
    model = path / MARKS[1]
    check_model_file(model)
    tasks, features = read_declarations(model)
    with model.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return SourceRun(path, settings, tasks, features, digest)


def lay_on_source(
    given: Mapping[str, Any], source: SourceRun, errors: list[str]
) -> dict[str, Any]:
    """Complete the settings of a fit with those of the run it transfers from.

    The trunk and the encoder are the run's, and so is the data where no other is
    given.

    Args:
        given: The plain settings of the fit, without preset.
        source: The run.
        errors: Gets a message for each setting that contradicts the run.

    Returns:
        The settings with the run's own.
    """
    values = {key: value for key, value in given.items() if key != "features"}
    data = _table(given, "data")
    if "path" not in data:
        values["data"] = {**_table(source.settings, "data"), **data}
    values["transfer"] = {**_table(given, "transfer"), "digest": source.digest}
    for section, keys in (
        ("model", (*COMMON_SETTINGS, "architecture")),
        ("inputs", ENCODING),
    ):
        own, asked = _table(source.settings, section), _table(given, section)
        known = {key: own[key] for key in keys if key in own}
        errors += [
            f"{section}.{key}: expected {show_value(known[key])}, as in "
            f"{source.folder}, whose {'trunk' if section == 'model' else 'encoder'} "
            f"is used; received {show_value(asked[key])}. Leave the setting out."
            for key in known
            if key in asked and _plain(key, asked[key]) != _plain(key, known[key])
        ]
        values[section] = {**asked, **known}
    errors += _no_trunk(source)
    errors += _wrong_digest(given, source)
    errors += _wrong_columns(given, source)
    errors += _wrong_tasks(given, source)
    return values


def _table(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    table = values.get(key)
    return dict(table) if isinstance(table, Mapping) else {}


def _plain(key: str, value: Any) -> Any:
    """Return a setting in a form in which a flag's text equals TOML's value."""
    if key == "architecture":
        try:
            return check_architecture(value)
        except ValueError:
            return value  # It is reported where the settings are checked.
    if isinstance(value, list | tuple):
        return [_plain(key, each) for each in value]
    if isinstance(value, bool) or value in ("true", "false"):
        return str(value).lower()
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _no_trunk(source: SourceRun) -> list[str]:
    settings = _table(source.settings, "model").get("architecture")
    try:
        chosen = check_architecture(settings) if settings else None
    except ValueError:
        return []  # It is reported where the settings are checked.
    if chosen is None or solved_settings(chosen) is None:
        return []
    return [
        f"transfer.run: expected a run with a trunk; {source.folder} is of the "
        f"architecture {chosen.name}, which has none. Name a run of a network, such as "
        "--architecture hard-sharing."
    ]


def _wrong_digest(given: Mapping[str, Any], source: SourceRun) -> list[str]:
    digest = _table(given, "transfer").get("digest")
    if digest is None or digest == source.digest:
        return []
    return [
        f"transfer.digest: expected the model that these settings were made with; "
        f"{source.model_path} is another one (its SHA-256 digest is "
        f"{source.digest[:12]}..., not {str(digest)[:12]}...). Name the run with "
        "--from in new settings, or put its model back."
    ]


def _wrong_columns(given: Mapping[str, Any], source: SourceRun) -> list[str]:
    """Return messages about columns that the run knows otherwise or not at all."""
    known = {feature.column_name: feature for feature in source.features}
    inputs = _table(given, "inputs")
    messages = []
    for kind in ("numeric", "boolean", "date", "categorical"):
        for column in _list(inputs.get(kind)):
            if column in known and known[column].kind != kind:
                messages.append(
                    f"inputs.{kind}: column {column!r} is {known[column].kind} in "
                    f"{source.folder}, whose encoder is used. Leave the setting out, "
                    "or leave the column out (--drop)."
                )
            elif column not in known:
                messages.append(_unknown(f"inputs.{kind}", column, source))
    messages += [
        _unknown("inputs.columns", column, source)
        for column in _list(inputs.get("columns"))
        if column not in known
    ]
    for column, numbers in _table(inputs, "missing_values").items():
        if column in known and [*map(float, _list(numbers))] != [
            *known[column].missing_numbers
        ]:
            messages.append(
                f"inputs.missing_values.{column}: expected "
                f"{list(known[column].missing_numbers)}, as in {source.folder}, whose "
                f"encoder is used; received {show_value(numbers)}."
            )
    for entry in _list(given.get("features")):
        messages += _wrong_feature(entry, known, source)
    return messages


def _wrong_feature(
    entry: Any, known: Mapping[str, Feature], source: SourceRun
) -> list[str]:
    try:
        feature = deserialize_feature(dict(entry))
    except (ValidationError, ValueError, TypeError) as error:
        return [f"features: {error}"]
    column = feature.column_name
    if column not in known:
        return [_unknown("features", column, source)]
    if feature.declared() == known[column].declared():
        return []
    return [
        f"features[{feature.name}]: column {column!r} is {known[column].kind} in "
        f"{source.folder}, whose encoder is used with what it learned. Leave the "
        "declaration out."
    ]


def _unknown(where: str, column: str, source: SourceRun) -> str:
    known = [feature.column_name for feature in source.features]
    return (
        f"{where}: {source.folder} was trained without column {column!r}, and its "
        f"trunk has no input for it.{did_you_mean(str(column), known)} Leave the "
        "column out, or train from scratch, without --from."
    )


def _wrong_tasks(given: Mapping[str, Any], source: SourceRun) -> list[str]:
    tasks = given.get("tasks")
    if not tasks:
        return [
            "tasks: expected the new task beside --from; received none. Add --task "
            "NAME:KIND, such as --task relapse:binary."
        ]
    messages = []
    own = {task.name: task for task in source.tasks}
    for entry in tasks if isinstance(tasks, list) else []:
        if not isinstance(entry, Mapping):
            continue  # It is reported where the tasks are made.
        name, kind = entry.get("name"), entry.get("kind")
        if name in own and own[name].kind != kind:
            messages.append(
                f"tasks[{name}]: {source.folder} has a task of this name that is "
                f"{own[name].kind}; received {kind}. Give the new task another name."
            )
        if isinstance(name, str) and (name == TRUNK or name.startswith(f"{TRUNK}_")):
            messages.append(
                f"tasks[{name}]: expected a name that no layer of the trunk has. "
                f"Give the task one that does not begin with {TRUNK!r}."
            )
        closed = _table(given, "transfer").get("head") == "bayesian"
        if closed and kind not in KINDS_WITH_CLOSED_FORM:
            messages.append(
                f"tasks[{name}]: the Bayesian head serves tasks of the kinds "
                f"{', '.join(KINDS_WITH_CLOSED_FORM)}; received {kind}. Train the "
                "head (--transfer-head network)."
            )
    return messages


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def unused_transfer(given: Mapping[str, Any]) -> list[str]:
    """Return a message for each setting that needs a run to transfer from."""
    asked = _table(given, "transfer")
    return [
        f"transfer.{key}: expected a run whose trunk is used (--from RUN); received "
        "none."
        for key in asked
        if key != "run" and key in TransferSettings.__dataclass_fields__
    ]
