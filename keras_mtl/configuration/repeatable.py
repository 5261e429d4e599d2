"""Settings that are written with a result, to repeat it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keras_mtl.configuration.data_paths import data_paths
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.validate import config_values
from keras_mtl.tables.addresses import is_local_path

__all__ = ["repeatable_values"]


def repeatable_values(config: FitConfig) -> dict[str, Any]:
    """Return settings that repeat a run in any working folder.

    Args:
        config: The settings, with resolved tasks and declared features.

    Returns:
        Plain values for `write_toml`.
    """
    values = config_values(config)
    del values["output"]
    for key, path in data_paths(values).items():
        if is_local_path(path):
            values["data"][key] = str(Path(path).resolve())
    if "transfer" in values:
        values["transfer"]["run"] = str(Path(values["transfer"]["run"]).resolve())
    return values
