"""The name of a method or an architecture, with its settings."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from keras_mtl._core.declarations import Declaration, declaration
from keras_mtl._core.errors import UserError, show_value
from keras_mtl._core.messages import validation_messages
from keras_mtl._core.registry import Registry

__all__ = [
    "NamedSettings",
    "check_settings",
    "declare_signature",
    "parse_named_settings",
    "split_lists",
]


@declaration
class NamedSettings(Declaration):
    """A name in a registry, with settings.

    In TOML, this is only the name, or a table: `name = "cagrad"`, `c = 0.4`; on the
    command line, `cagrad` or `cagrad:c=0.4`.

    Args:
        name: The name.
        settings: The settings that differ from their defaults, by name.

    Example:

    >>> str(NamedSettings("cagrad", {"c": 0.4}))
    'cagrad:c=0.4'
    """

    name: str
    settings: dict[str, Any] = Field(default_factory=dict)

    def to_plain(self) -> str | dict[str, Any]:
        if not self.settings:
            return self.name
        plain = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in self.settings.items()
        }
        return {"name": self.name, **plain}

    def __str__(self) -> str:
        values = ",".join(f"{key}={_text(v)}" for key, v in self.settings.items())
        return f"{self.name}:{values}" if values else self.name


def parse_named_settings(value: object) -> NamedSettings:
    """Parse a name and settings from a script, TOML or a flag.

    A part of a text without `=` belongs to the value before it, so a value may be a
    list: `stch:mu=0.5,preference=1,2`.

    Args:
        value: A text, a table with a `name`, or `NamedSettings`.

    Raises:
        ValueError: If the value has another form.

    Example:

    >>> parse_named_settings("stch:mu=0.5,preference=1,2").settings
    {'mu': '0.5', 'preference': '1,2'}
    >>> parse_named_settings({"name": "cagrad", "c": 0.4})
    NamedSettings(name='cagrad', settings={'c': 0.4})
    """
    if isinstance(value, NamedSettings):
        return value
    if isinstance(value, Mapping):
        settings = {str(key): each for key, each in value.items()}
        name = settings.pop("name", None)
        if isinstance(name, str):
            return NamedSettings(name, settings)
        raise ValueError(
            f'expected a table with a name, such as {{name = "..."}}; received '
            f"{show_value(value)}"
        )
    if not isinstance(value, str):
        raise ValueError(
            f"expected a name, or a table with a name; received {show_value(value)}"
        )
    name, _, rest = value.partition(":")
    texts: dict[str, str] = {}
    last = None
    for part in rest.split(",") if rest else ():
        key, equals, text = part.partition("=")
        if equals and key.strip():
            last = key.strip()
            texts[last] = text.strip()
        elif not equals and last is not None:
            texts[last] += f",{part.strip()}"
        else:
            raise ValueError(
                f"expected NAME or NAME:SETTING=VALUE,...; received {value!r}"
            )
    return NamedSettings(name.strip(), texts)


def check_settings(
    value: object,
    registry: Registry[Any],
    exclude: frozenset[str] = frozenset(),
    common: Collection[str] = (),
    common_place: str = "",
) -> NamedSettings:
    """Check a name and its settings by the declaration in a registry.

    Args:
        value: See `parse_named_settings`.
        registry: The registry of the name.
        exclude: Names that are not allowed here.
        common: Fields of the declaration that are set elsewhere.
        common_place: The place of these fields, such as `"[model]"`.

    Returns:
        The name with its settings in their own types.

    Raises:
        ValueError: If the name is unknown.
        UserError: If settings are invalid, with one message per setting, which begins
            with the setting's name.
    """
    chosen = parse_named_settings(value)
    if chosen.name in exclude or chosen.name not in registry:
        raise ValueError(registry.unknown(chosen.name, exclude))
    schema = registry.settings(chosen.name)
    if schema is None:
        schema = declare_signature(registry.load(chosen.name))
    elsewhere = [
        f"{name}: expected in {common_place}, as one of the settings that every "
        f"{registry.sort} has; received it among those of {chosen.name!r} alone."
        for name in common
        if name in chosen.settings
    ]
    own = {key: v for key, v in chosen.settings.items() if key not in common}
    try:
        checked = schema(**split_lists(own, schema))
    except ValidationError as error:
        known = _without(schema, common)
        raise UserError(*elsewhere, *validation_messages(error, known)) from None
    if elsewhere:
        raise UserError(*elsewhere)
    plain = {name: getattr(checked, name) for name in own}
    return NamedSettings(chosen.name, plain)


def declare_signature(function: Any) -> type[Declaration]:
    """Declare the settings of a class or a function by its signature.

    Annotations are checked, including `Annotated[float, Field(gt=0)]`. A parameter
    without an annotation accepts any value.

    Example:

    >>> from typing import Annotated
    >>> def method(strength: Annotated[float, Field(gt=0)] = 1.0): ...
    >>> declare_signature(method)(strength="2").strength
    2.0
    """
    try:
        source = function.__init__ if inspect.isclass(function) else function
        hints = get_type_hints(source, include_extras=True)
    except NameError:
        # A name that is imported only for type checkers.
        hints = {}
    annotations: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        annotations[parameter.name] = _checkable(hints.get(parameter.name, Any))
        if parameter.default is not parameter.empty:
            default = parameter.default
            defaults[parameter.name] = (
                tuple(default) if isinstance(default, list) else default
            )
    # Parameters without a default come first, as in a dataclass.
    ordered = sorted(annotations, key=lambda name: name in defaults)
    body = {
        "__annotations__": {name: annotations[name] for name in ordered},
        "__module__": __name__,
        "__doc__": None,
        **defaults,
    }
    name = f"{getattr(function, '__name__', 'Method')}Settings"
    return declaration(type(name, (Declaration,), body))


def _checkable(annotation: Any) -> Any:
    try:
        TypeAdapter(annotation)
    except PydanticUserError:
        return Any
    return annotation


def _without(schema: type, common: Collection[str]) -> type:
    """Return a schema with only the fields that are allowed here."""
    if not common:
        return schema
    hints = get_type_hints(schema, include_extras=True)
    own = [field for field in fields(schema) if field.name not in common]
    body = {"__annotations__": {field.name: hints[field.name] for field in own}}
    listed: type = declaration(type(schema.__name__, (Declaration,), body))
    return listed


def split_lists(values: Mapping[str, Any], schema: type) -> dict[str, Any]:
    """Split the texts of a flag at commas where the declaration has a list."""
    hints = get_type_hints(schema, include_extras=True)
    return {
        name: [part for part in value.split(",") if part]
        if isinstance(value, str) and _is_list(hints.get(name))
        else value
        for name, value in values.items()
    }


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return True
    if origin is None:
        return False
    # `Annotated[tuple, ...]` and `tuple | None`.
    return any(_is_list(part) for part in get_args(annotation))


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
