"""Checks of the file of a saved model, which may come from an unknown source."""

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
# The largest ratio of decompressed to compressed size. Weights hardly shrink when
# compressed; a file with a larger ratio is made to exhaust the memory.
_MAXIMUM_RATIO = 200
_HARMLESS_BYTES = 64 * 2**20


def check_model_file(path: str | os.PathLike[str]) -> None:
    """Refuse a file that is not a saved model, without loading Keras.

    Args:
        path: The `.keras` file.

    Raises:
        UserError: If the file does not exist, is not a sound zip archive, holds other
            members than Keras writes, decompresses to far more than its size, or is
            not a model of this package.
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
    # A malicious archive can make the readers raise any error.
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

    The file is checked first. Keras's safe mode refuses files with code.

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
        # Keras's message about a class that is not registered begins like this.
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
    """Refuse weights that are NaN or infinite."""
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
        UserError: If the file is not a model of raw features of this package, or has
            kinds of tasks or features from a plugin that is absent.
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
        # The file is sound, but a plugin of the model is absent.
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
    """Make declarations, and collect the messages about unknown kinds."""
    made = []
    for config in configs:
        try:
            made.append(deserialize(config))
        except UnknownNameError as error:
            unknown += error.messages
    return tuple(made)
