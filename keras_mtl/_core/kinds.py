"""Declarations of several kinds, and their conversion from plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from keras_mtl._core.declarations import Declaration
from keras_mtl._core.errors import UserError
from keras_mtl._core.registry import Registry

__all__ = ["deserialize_kind", "register_kind"]

Kind = TypeVar("Kind")


def deserialize_kind(config: Mapping[str, Any], kinds: Registry[type[Kind]]) -> Kind:
    """Create a declaration of one of several kinds from plain values.

    Args:
        config: The key `kind` and the fields of the declaration.
        kinds: The registry of the classes by kind.

    Raises:
        ValueError: If the kind is unknown or a field is invalid.
    """
    values = dict(config)
    kind = values.pop("kind", None)
    if not isinstance(kind, str):
        raise UserError(kinds.unknown(kind))
    return kinds.load(kind)(**values)


def register_kind(
    registry: Registry[Any], base: type[Declaration], name: str
) -> Callable[[type[Kind]], type[Kind]]:
    """Return a decorator that adds a kind of declaration to a registry.

    Args:
        registry: The registry of kinds.
        base: The base class of all kinds.
        name: The name of the kind, which becomes the attribute `kind` of the class.
    """

    def decorate(cls: type[Kind]) -> type[Kind]:
        where = f"{cls.__module__}.{cls.__qualname__}"
        if not isinstance(cls, type) or not issubclass(cls, base):
            raise UserError(
                f"{where}: expected a subclass of {base.__name__} as the "
                f"{registry.sort} {name!r}."
            )
        declared = vars(cls).get("kind", name)
        if declared != name:
            raise UserError(
                f"{where}: expected one name; registered as the {registry.sort} "
                f"{name!r}, and its `kind` is {declared!r}."
            )
        if "__dataclass_fields__" not in vars(cls):
            raise UserError(
                f"{where}: expected a declaration; put @keras_mtl.declaration below "
                "the decorator that registers it."
            )
        cls.kind = name  # type: ignore[attr-defined]
        registry.register(name, cls, module=cls.__module__)
        return cls

    return decorate
