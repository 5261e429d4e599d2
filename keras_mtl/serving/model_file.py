"""A saved model's file, which someone else may have made."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from keras_mtl.errors import UnknownNameError, UserError
from keras_mtl.features import Feature, deserialize_feature
from keras_mtl.tasks import Task, deserialize_task

if TYPE_CHECKING:
    from keras_mtl.model import MultiTaskModel


__all__ = ["check_model_file", "load_model", "read_declarations"]

_MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
_ASSETS = "assets"
_CLASS = "keras_mtl>MultiTaskModel"
# Weights hardly shrink when packed; a small file that unpacks to more than
# this is made to exhaust the memory.
_MAXIMUM_RATIO = 200
_HARMLESS_BYTES = 64 * 2**20


def check_model_file(path: str | os.PathLike[str]) -> None:
    """Refuse a file that is no saved model, without loading Keras.

    Args:
        path: The `.keras` file.

    Raises:
        UserError: If there is no such file, it is no zip archive or a
            damaged one, holds other members than Keras writes, unpacks to
            far more than its size, or is no model of this package.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: expected a model file; not found.")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            errors = [_check_member(path, member) for member in members]
            if found := [mistake for mistake in errors if mistake]:
                raise UserError(*found)
            config = json.loads(archive.read(_MEMBERS[0]))
            registered = config["registered_name"]
    except UserError:
        raise
    # A hostile archive makes the readers raise whatever they like.
    except Exception as error:
        raise UserError(
            f"{path}: expected a model that Keras saved; received a file that can't "
            f"be read ({type(error).__name__}: {error})."
        ) from None
    if registered != _CLASS:
        raise UserError(
            f"{path}: expected a model that keras_mtl saved ({_CLASS}); received "
            f"{str(registered)[:80]!r}."
        )


def load_model(path: str | os.PathLike[str]) -> MultiTaskModel:
    """Load a model of raw features without running code from its file.

    The file is checked first. Keras's safe mode is on, so that files with code are
    refused.

    Args:
        path: The `.keras` file.

    Returns:
        The model, not compiled.

    Raises:
        UserError: If the file is not such a model, or its weights are not finite.
    """
    check_model_file(path)
    import keras

    from keras_mtl.model import MultiTaskModel

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        reason = str(error).strip().splitlines()[:1]
        # So Keras begins when a class is not registered.
        hint = ""
        if "Could not locate" in str(error):
            hint = (
                " If a plugin has this class, import it first: --import MODULE on the "
                "command line."
            )
        raise UserError(
            f"{path}: expected a model that Keras loads in safe mode; it does not: "
            f"{type(error).__name__}: {''.join(reason)[:300]}{hint}"
        ) from None
    if not isinstance(model, MultiTaskModel) or not model.features:
        raise UserError(
            f"{path}: expected a model of raw features; received one of an encoded "
            "matrix. Save it joined with its encoder: keras_mtl.join_encoder."
        )
    _require_finite(Path(path), model)
    return model


def _require_finite(path: Path, model: MultiTaskModel) -> None:
    """Refuse weights that are NaN or infinite, which answer every row alike."""
    import numpy as np

    broken = [
        variable.path
        for variable in model.variables
        if not np.isfinite(np.asarray(variable)).all()
    ]
    if broken:
        more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        raise UserError(
            f"{path}: expected finite weights; received NaN or infinity in "
            f"{broken[0]}{more}. The training has diverged, or the file is damaged. "
            "Train again with a lower learning rate."
        )


def _check_member(path: Path, member: zipfile.ZipInfo) -> str | None:
    name = PurePosixPath(member.filename)
    inside = ".." not in name.parts and not name.is_absolute()
    known = member.filename in _MEMBERS or name.parts[:1] == (_ASSETS,)
    if not inside or not known:
        return (
            f"{path}: expected the members that Keras writes: {', '.join(_MEMBERS)} "
            f"and {_ASSETS}/; received also {member.filename[:80]!r}."
        )
    packed = max(member.compress_size, 1)
    if (
        member.file_size > _HARMLESS_BYTES
        and member.file_size > _MAXIMUM_RATIO * packed
    ):
        return (
            f"{path}: expected weights; received a member that unpacks from "
            f"{packed} to {member.file_size} bytes: {member.filename[:80]!r}."
        )
    return None


Declared = TypeVar("Declared")


def read_declarations(path: Path) -> tuple[tuple[Task, ...], tuple[Feature, ...]]:
    """Read a saved model's tasks and features, without loading the model.

    Raises:
        UserError: If the file is no raw-feature model of this package, or has
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
    """Make declarations, and gather the messages about unknown kinds."""
    made = []
    for config in configs:
        try:
            made.append(deserialize(config))
        except UnknownNameError as error:
            unknown += error.messages
    return tuple(made)
