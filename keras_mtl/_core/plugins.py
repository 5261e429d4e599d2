"""Modules from outside the package that register extensions."""

from __future__ import annotations

import importlib
import os
import re
import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from keras_mtl._core.errors import PluginWarning, UserError
from keras_mtl._core.startup_lines import without_startup_lines

__all__ = ["ENTRY_POINTS", "FailedPlugin", "import_modules", "load_plugins"]

# The group of entry points in which an installed package names its module.
ENTRY_POINTS = "keras_mtl.plugins"

MODULE_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class FailedPlugin:
    """A plugin that could not be loaded.

    Attributes:
        name: The name of the plugin's entry point.
        module: The module that the entry point names.
        error: The error that importing the module raised.
    """

    name: str
    module: str
    error: str

    def describe(self) -> str:
        """Return the failure as a sentence."""
        return (
            f"Plugin {self.name!r} (module {self.module!r}) could not be loaded: "
            f"{self.error}"
        )


class _Plugins:
    """The plugins of this process, which are imported once."""

    loaded = False
    failed: tuple[FailedPlugin, ...] = ()


def load_plugins() -> tuple[FailedPlugin, ...]:
    """Import the plugins of installed packages, at the first call.

    A plugin is a module that an entry point of the group `keras_mtl.plugins` names. A
    plugin that fails does not stop the others: a warning reports it, and so does the
    error of a registry about an unknown name.

    Returns:
        The plugins that could not be loaded.
    """
    if _Plugins.loaded:
        return _Plugins.failed
    # Set first, since a plugin may use a registry while it is imported.
    _Plugins.loaded = True
    # Imported here, since lookups of built-in names do not need it.
    from importlib.metadata import entry_points

    failed = []
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        try:
            with without_startup_lines():
                point.load()
        # Foreign code may raise any error, or call `sys.exit`.
        except (Exception, SystemExit) as error:
            failed.append(FailedPlugin(point.name, point.module, _say(error)))
    _Plugins.failed = tuple(failed)
    for plugin in failed:
        warnings.warn(plugin.describe(), PluginWarning, stacklevel=2)
    return _Plugins.failed


def import_modules(names: Iterable[str]) -> None:
    """Import the modules that `--import` names.

    The search includes the current folder, for any way of starting Python.

    Raises:
        UserError: If modules cannot be imported, with the error of each.
    """
    errors = []
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    for name in names:
        if not MODULE_NAME.fullmatch(name) or name.endswith(".py"):
            errors.append(
                "--import: expected the name of a Python module, such as my_plugin for "
                f"my_plugin.py in the current folder; received {name!r}."
            )
            continue
        try:
            with without_startup_lines():
                importlib.import_module(name)
        except (Exception, SystemExit) as error:
            errors.append(
                f"--import: module {name!r} could not be imported: {_say(error)}"
            )
    if errors:
        raise UserError(*errors)


def _say(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ").rstrip(".") + "."
