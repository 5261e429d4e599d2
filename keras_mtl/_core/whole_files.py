"""Files that appear whole or not at all, whenever their writer ends."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

__all__ = ["whole_text_file"]


@contextlib.contextmanager
def whole_text_file(path: Path) -> Iterator[TextIO]:
    """Give a text file that is renamed to its place when the context ends.

    The file is written beside its place under a hidden name, with the permissions
    that the owner's umask leaves. If the context ends by an exception, the file is
    removed and what was in the place before stays there.

    Args:
        path: The file's place; its folder exists.

    Yields:
        A file for text in UTF-8, whose line ends are written as they are given.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_text_file(Path(folder, "rows.csv")) as file:
    ...         _ = file.write("row\\n")
    ...     os.listdir(folder)
    ['rows.csv']
    """
    # Not `tempfile.mkstemp`, whose files only their owner can read.
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        with open(partial, "x", encoding="utf-8", newline="") as file:
            yield file
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
