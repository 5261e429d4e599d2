"""The settings that are paths of data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

__all__ = ["absent_data_files", "data_paths"]


def data_paths(values: Mapping[str, Any]) -> dict[str, str]:
    """Returns those that plain nested settings have, by their key in `[data]`."""
    data = values.get("data")
    if not isinstance(data, Mapping):
        return {}
    return {
        key: data[key]
        for key in ("path", "test_path")
        if isinstance(data.get(key), str)
    }


def absent_data_files(values: Mapping[str, Any]) -> list[str]:
    """Returns a message for each path at which no file is."""
    return [
        f"{path}: no such file."
        for path in data_paths(values).values()
        if not os.path.exists(path)
    ]
