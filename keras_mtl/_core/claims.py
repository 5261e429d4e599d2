"""Places that one process at a time writes to."""

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
    """Claim a place for this process, as long as the context lasts.

    The claim is a lock on a hidden file beside the place. It dies with its
    process, however that ends; a file that is left behind claims nothing.
    On a file system without locks there is no claim, and no error either.

    Args:
        place: A file's or a folder's place. Folders above it are made.

    Raises:
        UserError: If another process has claimed it.

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
        # Removed while it is locked: who opens it from now on makes a new one.
        path.unlink(missing_ok=True)
        os.close(descriptor)


def claim_if_free(place: Path, stack: contextlib.ExitStack) -> bool:
    """Claim a place until a stack is left, unless another process has it.

    Args:
        place: See `claim`.
        stack: Gives the claim back when it is left.

    Returns:
        Whether the place is claimed now.
    """
    try:
        stack.enter_context(claim(place))
    except UserError:
        return False
    return True


def is_claimed(place: Path) -> bool:
    """Return whether another process, or this one, has claimed a place."""
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
    # The longest name that a file system takes; the place's own may have it.
    if len(os.fsencode(name)) > 255:
        digest = hashlib.blake2b(os.fsencode(place.name), digest_size=16)
        name = f".{digest.hexdigest()}.lock"
    return place.with_name(name)


def _open_locked(path: Path) -> int | None:
    """Open and lock a file; None if another process has it locked."""
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
        # Its last owner removed it between the opening and the lock.
        os.close(descriptor)
