"""The settings of a command: those of its file and its flags together."""

from __future__ import annotations

from typing import Any

from keras_mtl.configuration.data_paths import absent_data_files
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.flag_values import nest_flags
from keras_mtl.configuration.toml_file import read_toml
from keras_mtl.configuration.validate import build_config
from keras_mtl.errors import UserError, gather

__all__ = ["merge_settings"]


def merge_settings(
    values: dict[str, Any], errors: list[str], own: dict[str, Any] | None = None
) -> FitConfig:
    """Make the settings of the file and the flags, on those of a run if any.

    Args:
        values: The flags' values by key; `config` is the file.
        errors: The errors so far, which are raised with those found here.
        own: The plain settings of a run.

    Raises:
        UserError: With all errors.
    """

    file: dict[str, Any] = {}
    if "config" in values:
        with gather(errors):
            file = read_toml(values.pop("config"))
    own = own or {}
    flags = nest_flags(values, {**own, **file}, errors)
    with gather(errors):
        config = build_config(own, file, flags)
    if errors:
        # What can be known of the files without settings to read them by.
        for layer in (file, flags):
            errors += absent_data_files(layer)
        raise UserError(*dict.fromkeys(errors))
    return config
