"""Files compressed with Zstandard."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from keras_mtl.errors import UserError

__all__ = ["zstandard_module"]


def zstandard_module(source: Any) -> ModuleType:
    """Return the module that decompresses Zstandard.

    The module is part of Python from 3.14 on. For older versions it is the package
    `backports.zstd`.

    Args:
        source: The name of the file in messages.

    Raises:
        UserError: If neither is installed.
    """
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise UserError(
        f"{source}: expected a file that can be unpacked. Received: one packed by "
        "Zstandard, which this Python reads with backports.zstd. Install it: python -m "
        "pip install backports.zstd. Or unpack it: zstd -d."
    )
