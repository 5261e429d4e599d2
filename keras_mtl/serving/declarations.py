"""The tasks and features of a saved model, without Keras."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from keras_mtl.errors import UnknownNameError, UserError
from keras_mtl.features import Feature, deserialize_feature
from keras_mtl.tasks import Task, deserialize_task

__all__ = ["read_declarations"]

Declared = TypeVar("Declared")


def read_declarations(path: Path) -> tuple[tuple[Task, ...], tuple[Feature, ...]]:
    """Reads a saved model's tasks and features, without loading the model.

    Raises:
        UserError: When the file is no raw-feature model of this package, or has
            tasks or features of kinds that a plugin registers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
        values = config["config"]
        unknown: list[str] = []
        tasks = _deserialize(values["tasks"], deserialize_task, unknown)
        features = _deserialize(values["features"], deserialize_feature, unknown)
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path}: expected a model that keras_mtl saved; its config can't be "
            f"understood ({type(error).__name__}: {error})."
        ) from None
    if unknown:
        # Not the file's fault: a plugin that the model was made with is absent.
        raise UserError(*(f"{path}: {message}" for message in dict.fromkeys(unknown)))
    if not features:
        raise UserError(
            f"{path}: expected a model of raw features; this is one of an encoded "
            "matrix. Save it joined with its encoder (keras_mtl.join_encoder)."
        )
    return tasks, features


def _deserialize(
    configs: Iterable[Any],
    deserialize: Callable[[Any], Declared],
    unknown: list[str],
) -> tuple[Declared, ...]:
    """Makes declarations, and gathers the messages about unknown kinds."""
    made = []
    for config in configs:
        try:
            made.append(deserialize(config))
        except UnknownNameError as error:
            unknown += error.messages
    return tuple(made)
