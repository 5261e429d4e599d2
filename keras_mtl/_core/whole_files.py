"""Atomically written files, which appear complete or not at all."""

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
    """Yield a text file that is renamed to its path when the context ends.

    The file is written beside its path under a hidden name, with the permissions of the
    umask. If the context ends with an exception, the file is removed, and an existing
    file at the path does not change.

    Args:
        path: The path of the file, in an existing folder.

    Yields:
        A file for text in UTF-8, whose line ends are written unchanged.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_text_file(Path(folder, "rows.csv")) as file:
    ...         _ = file.write("row\\n")
    ...     os.listdir(folder)
    ['rows.csv']
    """
    # Not by `tempfile.mkstemp`, whose files only the owner can read.
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        with open(partial, "x", encoding="utf-8", newline="") as file:
            yield file
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
