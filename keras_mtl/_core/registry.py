"""Registries of named extensions, from which users choose and to which plugins add."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from keras_mtl._core.errors import (
    UnknownNameError,
    UserError,
    did_you_mean,
    show_value,
)
from keras_mtl._core.plugins import load_plugins

__all__ = ["Entry", "Registry"]

Item = TypeVar("Item")

# On the command line, `:`, `,` and `=` separate a name and its settings.
NAME = re.compile(r"[a-z][a-z0-9_-]*")

HINT = (
    " If a module of yours registers it, import that module first: --import MODULE on "
    "the command line."
)


@dataclass(frozen=True)
class Entry:
    """One entry of a registry.

    Attributes:
        target: The registered object, or `"module:name"` until it is needed.
        module: The module that defines the object.
        settings: The declaration of the object's settings, or `"module:name"`; None if
            its signature declares them, or it has no settings.
    """

    target: Any
    module: str
    settings: Any = None


class Registry(Mapping[str, Item], Generic[Item]):
    """A registry of named objects, such as weightings or kinds of tasks.

    Built-in objects are registered by the name of their module and are imported when
    they are first needed, so a name can be checked before Keras is loaded. Plugins of
    installed packages are imported when a name that is not built in, or all names, are
    requested.

    Args:
        sort: A word for one of the objects in messages, such as `"weighting"`.
        expected: The beginning of the message about an unknown name, such as `"one
            of"`.
        builtin: The `"module:name"` of each built-in name.
        settings: The `"module:name"` of the declarations of settings, by built-in name.

    Example:

    >>> shapes = Registry("shape", "one of", {"name": "string:Formatter"})
    >>> shapes.load("name").__name__, "nmae" in shapes
    ('Formatter', False)
    >>> shapes.register("square", "a square", module="mine")
    >>> list(shapes)
    ['name', 'square']
    """

    def __init__(
        self,
        sort: str,
        expected: str,
        builtin: Mapping[str, str],
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.sort = sort
        self.expected = expected
        self.builtin = tuple(builtin)
        self._entries = {
            name: Entry(target, target.partition(":")[0], (settings or {}).get(name))
            for name, target in builtin.items()
        }
        # Names that two plugins gave to different objects, with their modules.
        self._refused: dict[str, tuple[str, str]] = {}

    def register(
        self, name: str, item: Item | str, *, module: str, settings: Any = None
    ) -> None:
        """Add an object.

        Args:
            name: The name: lowercase letters, digits, `-` and `_`.
            item: The object, or its `"module:name"`.
            module: The module that defines the object.
            settings: See `Entry`.

        Raises:
            UserError: If the name does not have this form, or is that of another
                object. A name that two plugins use is then invalid for both.
        """
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise UserError(
                f"{module}: expected the name of a {self.sort} of small letters, "
                f"digits, - and _, beginning with a letter; received "
                f"{show_value(name)}."
            )
        new, old = Entry(item, module, settings), self._entries.get(name)
        if old is not None and not _same(old, new):
            if name not in self.builtin:
                self._refused[name] = (old.module, module)
            raise UserError(_two_of_one_name(self.sort, name, old.module, module))
        self._entries[name] = new

    def load(self, name: str) -> Item:
        """Return the object of a name, and import it first if necessary.

        Raises:
            UnknownNameError: If the name is unknown.
            UserError: If two plugins have given the name to different objects.
        """
        entry = self.find(name)
        if isinstance(entry.target, str):
            entry = Entry(_import(entry.target), entry.module, entry.settings)
            self._entries[name] = entry
        item: Item = entry.target
        return item

    def find(self, name: str) -> Entry:
        """Return the entry of a name without importing its object; see `load`."""
        if name not in self._entries:
            load_plugins()
        if name in self._refused:
            raise UserError(_two_of_one_name(self.sort, name, *self._refused[name]))
        if name not in self._entries:
            raise UnknownNameError(self.unknown(name))
        return self._entries[name]

    def settings(self, name: str) -> Any:
        """Return the declaration of an object's settings; None without settings."""
        settings = self.find(name).settings
        if isinstance(settings, str):
            settings = _import(settings)
        return settings

    def unknown(self, name: object, exclude: frozenset[str] = frozenset()) -> str:
        """Return the message about an unknown name.

        Args:
            name: The name.
            exclude: Names that are not allowed here.
        """
        known = [each for each in self if each not in exclude]
        return (
            f"expected {self.expected} {', '.join(known)}; received "
            f"{show_value(name)}.{self.hint(name, known)}"
        )

    def hint(self, name: object, known: list[str] | None = None) -> str:
        """Return a hint for a message about an unknown name."""
        failed = "".join(f" {plugin.describe()}" for plugin in load_plugins())
        near = did_you_mean(str(name), list(self) if known is None else known)
        return f"{near}{failed}{HINT}"

    def outside(self) -> tuple[str, ...]:
        """Return the names that plugins have added, in the order of registration."""
        return tuple(name for name in self if name not in self.builtin)

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Restore the registry at the end of the context, for tests."""
        entries, refused = dict(self._entries), dict(self._refused)
        try:
            yield
        finally:
            self._entries, self._refused = entries, refused

    def __getitem__(self, name: str) -> Item:
        if name not in self:
            raise KeyError(name)
        return self.load(name)

    def __contains__(self, name: object) -> bool:
        if name in self._entries:
            return True
        load_plugins()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        load_plugins()
        return iter(list(self._entries))

    def __len__(self) -> int:
        load_plugins()
        return len(self._entries)


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _same(old: Entry, new: Entry) -> bool:
    """Return whether a module registers its own object again, as after a reload."""
    return old.module == new.module and _name(old.target) == _name(new.target)


def _name(target: Any) -> str:
    if isinstance(target, str):
        return target.partition(":")[2]
    return getattr(target, "__qualname__", type(target).__qualname__)


def _two_of_one_name(sort: str, name: str, first: str, second: str) -> str:
    return (
        f"{sort} {name!r}: expected a name that one module registers; received it from "
        f"{first!r} and from {second!r}. Rename one of them, or import only one."
    )
