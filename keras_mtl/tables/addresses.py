"""Sources of rows: a path, an address such as a URL, or the standard input."""

from __future__ import annotations

import re

__all__ = ["STANDARD_INPUT", "is_address", "is_local_path"]

STANDARD_INPUT = "-"
# A scheme has two letters or more: `C:` is a drive.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(://|::)")


def is_address(path: str) -> bool:
    """Return whether a path is an address that fsspec opens.

    Example:

    >>> is_address("s3://bucket/rows.csv"), is_address("simplecache::https://a/b")
    (True, True)
    >>> is_address("C://rows.csv"), is_address("rows.csv")
    (False, False)
    """
    return _ADDRESS.match(path) is not None


def is_local_path(path: str) -> bool:
    """Return whether a path is in the file system.

    Example:

    >>> is_local_path("rows.csv"), is_local_path("-"), is_local_path("gs://a/b")
    (True, False, False)
    """
    return path != STANDARD_INPUT and not is_address(path)
