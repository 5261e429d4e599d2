"""The base class of declarations: tasks, features and all settings.

Declarations are frozen dataclasses that check their fields, for values from a script, a
flag or a TOML file. They are saved as plain values.
"""

from dataclasses import fields
from typing import Annotated, Any, Literal, Self, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

__all__ = [
    "NAME_PATTERN",
    "ActivationName",
    "Declaration",
    "Name",
    "Widths",
    "declaration",
]

# Names that Keras scopes, JSON keys and TensorFlow Serving all accept unchanged.
NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]

# The widths of a stack of dense layers.
Widths = tuple[Annotated[int, Field(gt=0, le=65_536)], ...]

ActivationName = Literal[
    "elu",
    "gelu",
    "leaky_relu",
    "linear",
    "mish",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "tanh",
]

Class = TypeVar("Class", bound=type)


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def declaration(cls: Class) -> Class:
    """Convert a class to a frozen dataclass that checks its fields.

    Example:

    >>> @declaration
    ... class Point(Declaration):
    ...     x: float = 0.0
    >>> Point(x="0.5").get_config()
    {'x': 0.5}
    >>> Point(), Point(1.5)  # like scikit-learn, only what is not the default
    (Point(), Point(x=1.5))
    """
    checked: Any = dataclass(
        frozen=True, repr=False, config=ConfigDict(extra="forbid")
    )(cls)
    return checked


@declaration
class Declaration:
    """The base class of tasks, features and settings."""

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed; all fields are checked again."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return type(self)(**{**values, **changes})

    def get_config(self, defaults: bool = False) -> dict[str, Any]:
        """Return the fields as plain values.

        Args:
            defaults: Whether to include fields with their default value.
        """
        at_default = {
            field.name
            for field in fields(self)
            if getattr(self, field.name) == field.default
        }
        return {
            field.name: _plain(getattr(self, field.name))
            for field in fields(self)
            if defaults or field.name not in at_default
        }

    def __repr__(self) -> str:
        changed = (
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if field.repr and getattr(self, field.name) != field.default
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def to_plain(self) -> Any:
        """Return the declaration as a plain value for another declaration's field."""
        return self.get_config(defaults=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Declaration):
        return value.to_plain()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
