"""The settings of a run as keyword arguments."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.toml_file import read_toml
from keras_mtl.configuration.validate import build_config
from keras_mtl.dataframes._arguments import require_path
from keras_mtl.errors import UserError, gather, show_value
from keras_mtl.features.feature import Feature
from keras_mtl.features.kinds import serialize_feature
from keras_mtl.tasks.kinds import parse_task, serialize_task
from keras_mtl.tasks.task import Task

__all__ = ["FitKeywords", "TomlFile", "table_config"]

Section = Mapping[str, Any]
TomlFile = str | os.PathLike[str]


class FitKeywords(TypedDict, total=False):
    """The keys of a TOML file of `python -m keras_mtl.fit` as keyword arguments.

    `keras_mtl.configuration.FitConfig` describes each key. A task is a table as in
    TOML, the text of `--task` such as `"churn:binary"`, or a declaration such as
    `BinaryTask("churn")`; a feature is a table or a declaration.
    """

    preset: str
    seed: int
    data: Section
    inputs: Section
    model: Section
    heads: Section
    training: Section
    report: Section
    transfer: Section
    output: Section
    tasks: Sequence[str | Section | Task]
    auxiliary: Sequence[Section]
    features: Sequence[Section | Feature]


def table_config(
    config: TomlFile | None, keywords: Mapping[str, Any], has_test_table: bool
) -> FitConfig:
    """Make the settings of a run whose rows are DataFrames.

    Args:
        config: A TOML file, on which the keywords are laid; None for none.
        keywords: See `FitKeywords`.
        has_test_table: Whether the test rows are a DataFrame too.

    Raises:
        UserError: With all errors at once.
    """
    errors: list[str] = []
    file: dict[str, Any] = {}
    if config is not None:
        with gather(errors):
            path = require_path(
                "config",
                config,
                "a TOML file",
                "Pass settings as keyword arguments, such as **config for a dict.",
            )
            file = read_toml(str(path))
    # The DataFrames' names in messages, unless the settings name a file.
    names = {"path": "table"}
    if has_test_table:
        names["test_path"] = "test_table"
    given = {**keywords}
    tasks = keywords.get("tasks", ())
    if isinstance(tasks, str) or not isinstance(tasks, Sequence):
        raise UserError(
            "tasks: expected a list with one entry per task, such as "
            '["churn:binary", "spend:regression"]. Received: '
            f"{show_value(tasks)}. Put the tasks in a list."
        )
    given["tasks"] = _plain(keywords.get("tasks"), _task, errors)
    given["features"] = _plain(keywords.get("features"), _feature, errors)
    given = {key: value for key, value in given.items() if value is not None}
    with gather(errors):
        made = build_config({"data": names}, file, given)
    if errors:
        raise UserError(*errors)
    return made


def _plain(entries: Any, plain: Any, errors: list[str]) -> Any:
    """Return declarations as plain values; what is no list is refused later."""
    if isinstance(entries, str | bytes | Mapping) or not isinstance(entries, Sequence):
        return entries
    made = []
    for entry in entries:
        with gather(errors):
            made.append(plain(entry))
    return made


def _task(entry: Any) -> Any:
    if isinstance(entry, Task):
        return serialize_task(entry)
    if isinstance(entry, str):
        try:
            return parse_task(entry)
        except ValueError as error:
            raise UserError(f"tasks: {error}.") from None
    return _section("tasks", entry)


def _feature(entry: Any) -> Any:
    if isinstance(entry, Feature):
        return serialize_feature(entry)
    return _section("features", entry)


def _section(key: str, entry: Any) -> Any:
    if isinstance(entry, Mapping):
        return entry
    raise UserError(
        f"{key}: expected tables, as in [[{key}]] of TOML, or declarations; received "
        f"{show_value(entry)}."
    )
