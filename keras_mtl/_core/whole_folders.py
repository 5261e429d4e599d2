"""Folders that appear whole or not at all, whenever their writer ends."""

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

# The disk's own reasons, which no change of the program would help against.
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
# What TensorFlow takes for a pattern in the path of a SavedModel.
_PATTERN_CHARACTERS = frozenset("[]*?\\")


@contextlib.contextmanager
def folder_beside(place: Path) -> Iterator[Path]:
    """Give an empty hidden folder beside a place, to be renamed when it is whole.

    The folder is locked while the context lasts, by which `remove_leftovers` knows
    that its writer lives. What is still there at the end is removed.

    Args:
        place: Where the folder's content is to appear; its parent is made.

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
    """Remove the folders beside a place that killed processes left.

    Args:
        place: As `folder_beside` takes it.
    """
    for path in place.parent.glob(f".{glob.escape(place.name)}-*{PARTIAL}"):
        # Another process may have renamed or removed it since.
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
    """Give a path of a folder that TensorFlow does not take for a pattern.

    It is the folder's own path, or a link to it if that has a character such as `[`.

    Args:
        folder: A folder that is there.
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
        place: What is written; the message begins with it.
        advice: What is kept and what to do, as whole sentences.

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
    # HDF5 and TensorFlow have errors of their own, with the system's text in them.
    except Exception as error:
        reason = _disk_reason(error)
        if reason is None:
            raise
        raise _DiskError(place, reason, advice) from error


class _DiskError(RunStoppedError):
    """A refusal of the disk, which an outer context says in its own words."""

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
        # The longest name that a file system takes; the place's own may have it.
        if len(os.fsencode(name)) > 255:
            name = f".{uuid.uuid4().hex}{PARTIAL}"
        folder = place.with_name(name)
        folder.mkdir()
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            # Another process took it for a leftover, as it was not locked yet.
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # As above, and is about to remove it.
            os.close(descriptor)
            continue
        except OSError:
            # A file system without locks, on which no leftover is ever removed.
            return folder, descriptor
        if folder.exists():
            return folder, descriptor
        os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """Lock a folder until the number is closed; None if its writer lives."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
