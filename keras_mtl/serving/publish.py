"""The numbered versions of a served model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from keras_mtl._core.whole_folders import (
    disk_failures,
    flush,
    flush_tree,
    folder_beside,
    remove_leftovers,
)
from keras_mtl.errors import UserError

__all__ = ["is_version", "publish_version", "write_folder"]

# A folder beside the versions. For the server, only integer names are versions.
_CLAIMS = ".published"
# The largest number that the server reads.
_LARGEST_VERSION = 2**63 - 1


def write_folder(path: str | os.PathLike[str], fill: Callable[[Path], None]) -> None:
    """Write a folder atomically: it is complete when it gets its name.

    The folder is written under a hidden name beside its path, flushed to disk and
    renamed. If the program is killed before, only the hidden folder remains, which the
    next call removes.

    Args:
        path: The folder, which must not exist yet.
        fill: A function that writes the content into an empty folder and checks it.

    Raises:
        FileExistsError: If the path exists.
        RunStoppedError: If the disk is full or cannot be written to.

    Example:

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "1"
    >>> write_folder(place, lambda folder: folder.joinpath("a").touch())
    >>> [child.name for child in place.iterdir()]
    ['a']
    """
    path = Path(path)
    _refuse_existing(path)
    with _filled_beside(path, path, fill) as partial:
        _refuse_existing(path)
        os.rename(partial, path)
        flush(path.parent)


def publish_version(
    folder: str | os.PathLike[str], fill: Callable[[Path], None]
) -> Path:
    """Write the next numbered version of a model.

    A number is used once, even if its version was deleted to roll back. A server that
    has loaded the number would not notice another version with the same number.

    Args:
        folder: The folder of the model, which holds its versions; created if absent.
        fill: A function that writes the version into an empty folder and checks it.

        Returns:
            The path of the version: `folder/N`.

    Raises:
        UserError: If all numbers are used.
        RunStoppedError: If the disk is full or cannot be written to.

    Example:

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> fill = lambda version: version.joinpath("saved_model.pb").touch()
    >>> [publish_version(folder, fill).name for _ in range(2)]
    ['1', '2']
    """
    folder = Path(folder)
    with _filled_beside(folder / "version", folder, fill) as partial:
        version = folder / str(_claim_number(folder))
        os.rename(partial, version)
        flush(folder)
    return version


@contextlib.contextmanager
def _filled_beside(
    path: Path, shown: Path, fill: Callable[[Path], None]
) -> Iterator[Path]:
    """Yield the filled folder, which is removed unless it is renamed."""
    advice = "Nothing is published. Make room, or choose another place."
    with disk_failures(shown, advice):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        with folder_beside(path) as partial:
            fill(partial)
            flush_tree(partial)
            yield partial


def _claim_number(folder: Path) -> int:
    """Claim the next number, so that no other process uses it."""
    claims = folder / _CLAIMS
    claims.mkdir(exist_ok=True)
    while True:
        names = [child.name for place in (folder, claims) for child in place.iterdir()]
        last = max((int(name) for name in names if is_version(name)), default=0)
        if last == _LARGEST_VERSION:
            raise UserError(
                f"{folder}: expected versions that leave a higher number; received "
                f"{last}, the largest that a server reads. Take it away, or publish "
                "under another name."
            )
        number = last + 1
        try:
            # Fails if another process has created the file.
            (claims / str(number)).touch(exist_ok=False)
        except FileExistsError:
            continue
        flush(claims)
        return number


def is_version(name: str) -> bool:
    """Return whether TensorFlow Serving reads the name of a folder as a version.

    Example:

    >>> [is_version(name) for name in ("7", "٣٣", "+7", "9223372036854775808")]
    [True, False, False, False]
    """
    # `isdecimal` alone accepts the digits of all scripts.
    return name.isascii() and name.isdecimal() and int(name) <= _LARGEST_VERSION


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise FileExistsError(
            f"Expected a path that does not exist yet. Received: {path}. Files of "
            "what is there would mix with the new ones."
        )
