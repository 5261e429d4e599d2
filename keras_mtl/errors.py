"""Errors and warnings of the package, and helpers that write their messages."""

from keras_mtl._core.errors import (
    DataWarning,
    PluginWarning,
    RunStoppedError,
    UnknownNameError,
    UserError,
    did_you_mean,
    gather,
    show_value,
    warn_of_data,
)

__all__ = [
    "DataWarning",
    "PluginWarning",
    "RunStoppedError",
    "UnknownNameError",
    "UserError",
    "did_you_mean",
    "gather",
    "show_value",
    "warn_of_data",
]
