"""Temporary files for rows that are not files on this machine."""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from keras_mtl.errors import UserError
from keras_mtl.tables.addresses import STANDARD_INPUT, is_address

__all__ = ["Fetched", "fetch"]

CHUNK = 1 << 20


@dataclass(frozen=True)
class Fetched:
    """A file or a folder that can be read several times.

    Attributes:
        source: The name in messages.
        path: The path of the file or the folder.
        copy: The owner of a temporary copy, which is removed with this object.
    """

    source: str
    path: str
    copy: Any = field(default=None, compare=False, repr=False)


class _StandardInput:
    """The rows of the standard input, which can be read only once."""

    rows: Fetched | None = None


def fetch(path: str) -> Fetched:
    """Copy rows to a temporary file if they cannot be read several times.

    Args:
        path: A path, which is not copied; `-` for the standard input; or an address
            that fsspec opens, such as a URL or the path of a bucket.

    Raises:
        UserError: If the rows cannot be read.
    """
    if path == STANDARD_INPUT:
        if _StandardInput.rows is None:
            _StandardInput.rows = _read_standard_input()
        return _StandardInput.rows
    return _download(path) if is_address(path) else Fetched(path, path)


def _read_standard_input() -> Fetched:
    source = "standard input"
    if sys.stdin is None or sys.stdin.closed:
        raise UserError(
            f"{source}: expected rows. Received: a standard input that is closed. Pipe "
            "the rows into the command, or name a file."
        )
    copy = tempfile.NamedTemporaryFile(prefix="keras_mtl_")  # noqa: SIM115
    shutil.copyfileobj(sys.stdin.buffer, copy, CHUNK)
    copy.flush()
    return Fetched(source, copy.name, copy)


def _download(address: str) -> Fetched:
    try:
        import fsspec
    except ImportError:
        raise UserError(
            f"{address}: addresses are opened by fsspec, which is not installed. "
            "Install it: python -m pip install 'keras-mtl[remote]'. Or download the "
            "rows first."
        ) from None
    copy = tempfile.TemporaryDirectory(prefix="keras_mtl_")
    folder = Path(copy.name)
    try:
        files, inner = fsspec.core.url_to_fs(address)
        name = PurePosixPath(inner.partition("?")[0]).name
        if not PurePosixPath(name).suffix and files.isdir(inner):
            _download_folder(files, inner, folder)
            return Fetched(address.rstrip("/"), str(folder), copy)
        # The suffix gives the kind of the file.
        path = folder / (name or "rows")
        files.get_file(inner, str(path))
        return Fetched(address, str(path), copy)
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"{address}: no such file. Correct the address.") from None
    except ImportError as error:
        # fsspec names the package that opens such addresses.
        raise UserError(
            f"{address}: expected a package that opens such addresses. Received: "
            f"{error}. Install it with python -m pip install."
        ) from None
    # Each kind of address raises its own errors.
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise UserError(
            f"{address}: cannot be read ({type(error).__name__}: {reason}). Check the "
            "address and your access to it, or download the rows first."
        ) from None


def _download_folder(files: Any, inner: str, folder: Path) -> None:
    base = PurePosixPath(inner)
    for found in files.find(inner):
        below = PurePosixPath(found).relative_to(base)
        if ".." in below.parts or any(part.startswith(".") for part in below.parts):
            continue
        place = folder / below
        place.parent.mkdir(parents=True, exist_ok=True)
        files.get_file(found, str(place))
