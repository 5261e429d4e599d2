"""Claims of paths, to which one process at a time writes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from keras_mtl._core.errors import UserError

__all__ = ["claim", "claim_if_free", "is_claimed"]


@contextlib.contextmanager
def claim(place: Path) -> Iterator[None]:
    """Claim a path for this process while the context lasts.

    The claim is a lock on a hidden file beside the path. It ends with its process in
    any case, and a file that is left behind has no effect. On a file system without
    locks, nothing is claimed, and no error is raised.

    Args:
        place: The path of a file or a folder. Its parent folders are created.

    Raises:
        UserError: If another process has claimed the path.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with claim(Path(folder) / "run"):
    ...         is_claimed(Path(folder) / "run")
    ...     is_claimed(Path(folder) / "run"), os.listdir(folder)
    True
    (False, [])
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    path = _lock_file(place)
    descriptor = _open_locked(path)
    if descriptor is None:
        raise UserError(
            f"{place}: expected a place that no other process writes to; one does. "
            "Choose another with --out, or wait until it has ended."
        )
    try:
        yield
    finally:
        # Removed while it is locked, so a process that opens it later creates a new
        # file.
        path.unlink(missing_ok=True)
        os.close(descriptor)


def claim_if_free(place: Path, stack: contextlib.ExitStack) -> bool:
    """Claim a path until a stack is closed, unless another process has claimed it.

    Args:
        place: See `claim`.
        stack: The stack that releases the claim when it is closed.

    Returns:
        Whether this process has claimed the path.
    """
    try:
        stack.enter_context(claim(place))
    except UserError:
        return False
    return True


def is_claimed(place: Path) -> bool:
    """Return whether this or another process has claimed a path."""
    path = _lock_file(place)
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _lock_file(place: Path) -> Path:
    name = f".{place.name}.lock"
    # The longest name in a file system, which the path's own name may have.
    if len(os.fsencode(name)) > 255:
        digest = hashlib.blake2b(os.fsencode(place.name), digest_size=16)
        name = f".{digest.hexdigest()}.lock"
    return place.with_name(name)


def _open_locked(path: Path) -> int | None:
    """Open and lock a file; return None if another process has locked it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            return descriptor
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.stat(path), os.fstat(descriptor)):
                return descriptor
        # The last owner removed the file before it was locked.
        os.close(descriptor)
