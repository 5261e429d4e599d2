"""The settings that are paths of data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_mtl.tables.addresses import is_local_path

__all__ = ["absent_data_files", "data_paths", "place_data_paths"]


def data_paths(values: Mapping[str, Any]) -> dict[str, str]:
    """Return those that plain nested settings have, by their key in `[data]`."""
    data = values.get("data")
    if not isinstance(data, Mapping):
        return {}
    return {
        key: data[key]
        for key in ("path", "test_path")
        if isinstance(data.get(key), str)
    }


def absent_data_files(values: Mapping[str, Any]) -> list[str]:
    """Return a message for each path at which no file is."""
    return [
        f"{path}: no such file."
        for path in data_paths(values).values()
        if is_local_path(path) and not os.path.exists(path)
    ]


def place_data_paths(values: dict[str, Any], folder: Path) -> None:
    """Place the relative paths of data below a folder.

    Addresses and the standard input stay as they are.

    Args:
        values: Plain nested settings, which are changed.
        folder: The folder.
    """
    for key, path in data_paths(values).items():
        if is_local_path(path):
            values["data"][key] = str(folder / path)
