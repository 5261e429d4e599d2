"""The tasks and features of a saved model, without Keras."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from keras_mtl.errors import UnknownNameError, UserError
from keras_mtl.features import Feature, deserialize_feature
from keras_mtl.tasks import Task, deserialize_task

__all__ = ["read_declarations"]


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
        tasks = tuple(deserialize_task(item) for item in values["tasks"])
        features = tuple(deserialize_feature(item) for item in values["features"])
    except UnknownNameError as error:
        # Not the file's fault: a plugin that the model was made with is absent.
        raise UserError(f"{path}: {error}") from None
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path}: expected a model that keras_mtl saved; its config can't be "
            f"understood ({type(error).__name__}: {error})."
        ) from None
    if not features:
        raise UserError(
            f"{path}: expected a model of raw features; this is one of an encoded "
            "matrix. Save it joined with its encoder (keras_mtl.join_encoder)."
        )
    return tasks, features
