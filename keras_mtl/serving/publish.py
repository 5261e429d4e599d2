"""Folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

__all__ = ["publish_version", "write_folder"]

# Beside the versions; the server takes only names that are integers for one.
_CLAIMS = ".published"
_PARTIAL = ".partial"
_LEFTOVER_SECONDS = 24 * 3600


def write_folder(path: str | os.PathLike[str], fill: Callable[[Path], None]) -> None:
    """Writes a folder that is complete at the moment it has its name.

    It is written beside its place, flushed to disk and renamed. When the
    program is killed before, only a hidden folder is left, which a later call
    removes after a day.

    Args:
        path: The folder, which must not exist yet.
        fill: Writes the content into an empty folder, and checks it.

    Raises:
        FileExistsError: When the path exists.

    Example:

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "1"
    >>> write_folder(place, lambda folder: folder.joinpath("a").touch())
    >>> [child.name for child in place.iterdir()]
    ['a']
    """
    path = Path(path)
    _refuse_existing(path)
    partial = _fill_beside(path.parent, path.name, fill)
    try:
        _refuse_existing(path)
        os.rename(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _flush(path.parent)


def publish_version(
    folder: str | os.PathLike[str], fill: Callable[[Path], None]
) -> Path:
    """Writes the next numbered version of a model.

    A number is used once, even if its version was deleted to roll back: a
    server that has seen it would not notice that it is another one.

    Args:
        folder: The model's folder, which holds its versions; made if absent.
        fill: Writes the version into an empty folder, and checks it.

    Returns:
        The version's path: `folder/N`.

    Example:

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> fill = lambda version: version.joinpath("saved_model.pb").touch()
    >>> [publish_version(folder, fill).name for _ in range(2)]
    ['1', '2']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    partial = _fill_beside(folder, "version", fill)
    try:
        version = folder / str(_claim_number(folder))
        os.rename(partial, version)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _flush(folder)
    return version


def _fill_beside(folder: Path, name: str, fill: Callable[[Path], None]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    partial = folder / f".{name}-{uuid.uuid4().hex}{_PARTIAL}"
    partial.mkdir()
    try:
        fill(partial)
        for parent, _, files in os.walk(partial):
            for file in files:
                _flush(Path(parent, file))
            _flush(Path(parent))
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return partial


def _claim_number(folder: Path) -> int:
    """Takes the next number, which no one else then takes."""
    claims = folder / _CLAIMS
    claims.mkdir(exist_ok=True)
    while True:
        names = [child.name for place in (folder, claims) for child in place.iterdir()]
        number = 1 + max((int(name) for name in names if name.isdecimal()), default=0)
        try:
            # Fails if another has made it in between.
            (claims / str(number)).touch(exist_ok=False)
        except FileExistsError:
            continue
        _flush(claims)
        return number


def _remove_leftovers(folder: Path) -> None:
    """Removes what a killed program left, once it is surely dead."""
    for child in folder.glob(f".*{_PARTIAL}"):
        # Another that writes here may have finished with it by now.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - child.stat().st_mtime > _LEFTOVER_SECONDS:
                shutil.rmtree(child, ignore_errors=True)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise FileExistsError(
            f"Expected a path that does not exist yet. Received: {path}. Files of "
            "what is there would mix with the new ones."
        )


def _flush(path: Path) -> None:
    """Has the disk hold a file, or a folder's list of names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
