"""Atomically written folders, which appear complete or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from keras_mtl._core.errors import RunStoppedError

__all__ = [
    "disk_failures",
    "flush",
    "flush_tree",
    "folder_beside",
    "plain_path",
    "remove_leftovers",
]

PARTIAL = ".partial"

# Errors of the disk, which no change of the program can prevent.
_DISK_ERRORS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.EFBIG,
    errno.ENAMETOOLONG,
)
# Characters that TensorFlow interprets as a pattern in the path of a SavedModel.
_PATTERN_CHARACTERS = frozenset("[]*?\\")


@contextlib.contextmanager
def folder_beside(place: Path) -> Iterator[Path]:
    """Yield an empty hidden folder beside a path, to rename when it is complete.

    The folder is locked while the context lasts, so `remove_leftovers` knows that its
    writer is alive. A folder that was not renamed is removed at the end.

    Args:
        place: The final path of the folder; its parent is created.

    Example:

    >>> place = Path(tempfile.mkdtemp()) / "run"
    >>> with folder_beside(place) as folder:
    ...     (folder / "a").touch()
    ...     os.rename(folder, place)
    >>> os.listdir(place.parent)
    ['run']
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    folder, lock = _locked_folder(place)
    try:
        yield folder
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(place: Path) -> None:
    """Remove the folders beside a path that killed processes left.

    Args:
        place: See `folder_beside`.
    """
    for path in place.parent.glob(f".{glob.escape(place.name)}-*{PARTIAL}"):
        # Another process may have renamed or removed the folder in the meantime.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            lock = _lock(path)
            if lock is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(lock)


def flush_tree(folder: Path) -> None:
    """Flush all files of a folder, and the folders themselves, to the disk."""
    for parent, _, files in os.walk(folder):
        for file in files:
            flush(Path(parent, file))
        flush(Path(parent))


def flush(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def plain_path(folder: Path) -> Iterator[Path]:
    """Yield a path of a folder that TensorFlow does not interpret as a pattern.

    This is the folder's own path, or a link if that path has a character such as `[`.

    Args:
        folder: An existing folder.
    """
    if not _PATTERN_CHARACTERS & set(str(folder)):
        yield folder
        return
    with tempfile.TemporaryDirectory() as temporary:
        link = Path(temporary, "folder")
        link.symlink_to(folder.absolute(), target_is_directory=True)
        yield link


@contextlib.contextmanager
def disk_failures(place: Path, advice: str) -> Iterator[None]:
    """Convert errors of the disk to one message.

    Args:
        place: The path that is written, with which the message begins.
        advice: Complete sentences on the state that is kept and on the remedy.

    Raises:
        RunStoppedError: If the disk is full, read-only or broken.

    Example:

    >>> try:
    ...     with disk_failures(Path("run"), "Choose another."):
    ...         raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    ... except RunStoppedError as error:
    ...     print(error)
    run: could not be written: No space left on device. Choose another.
    """
    try:
        yield
    # HDF5 and TensorFlow have their own errors, which contain the system's text.
    except Exception as error:
        reason = _disk_reason(error)
        if reason is None:
            raise
        raise _DiskError(place, reason, advice) from error


class _DiskError(RunStoppedError):
    """An error of the disk, for which an outer context writes the message."""

    def __init__(self, place: Path, reason: str, advice: str) -> None:
        super().__init__(f"{place}: could not be written: {reason}. {advice}")
        self.reason = reason


def _disk_reason(error: Exception) -> str | None:
    if isinstance(error, _DiskError):
        return error.reason
    number = getattr(error, "errno", None)
    if number in _DISK_ERRORS:
        return os.strerror(number)
    if isinstance(error, RunStoppedError):
        return None
    text = str(error)
    reasons = (os.strerror(number) for number in _DISK_ERRORS)
    return next((reason for reason in reasons if reason in text), None)


def _locked_folder(place: Path) -> tuple[Path, int]:
    while True:
        name = f".{place.name}-{uuid.uuid4().hex}{PARTIAL}"
        # The longest name in a file system, which the path's own name may have.
        if len(os.fsencode(name)) > 255:
            name = f".{uuid.uuid4().hex}{PARTIAL}"
        folder = place.with_name(name)
        folder.mkdir()
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            # Another process removed the folder as a leftover before it was locked.
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Another process has locked the folder as a leftover, and will remove it.
            os.close(descriptor)
            continue
        except OSError:
            # On a file system without locks, leftovers are never removed.
            return folder, descriptor
        if folder.exists():
            return folder, descriptor
        os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """Lock a folder until the descriptor is closed; None if its writer is alive."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
