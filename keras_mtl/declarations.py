"""What declarations of tasks and features share.

They are frozen dataclasses that check their fields, whoever fills them: a
script, a flag or a TOML file; and they are plain values when saved.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Annotated, Any, Literal, Self, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from keras_mtl.errors import did_you_mean, show_value

__all__ = [
    "ActivationName",
    "Declaration",
    "Name",
    "Widths",
    "declaration",
    "deserialize_kind",
]

# Names that Keras scopes, JSON keys and TensorFlow Serving all take as they are.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]

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
Kind = TypeVar("Kind")


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def declaration(cls: Class) -> Class:
    """Makes a class a frozen dataclass that checks its fields."""
    made: Any = dataclass(frozen=True, config=ConfigDict(extra="forbid"))(cls)
    return made


@declaration
class Declaration:
    """The base of tasks and features."""

    def replace(self, **changes: Any) -> Self:
        """Returns a copy with some fields changed, and checked again."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return type(self)(**{**values, **changes})

    def get_config(self, defaults: bool = False) -> dict[str, Any]:
        """The fields as plain values.

        Args:
            defaults: Whether those left at their default are there too.
        """
        at_default = {
            field.name
            for field in fields(self)
            if getattr(self, field.name) == field.default
        }
        return {
            name: _plain(value)
            for name, value in asdict(self).items()
            if defaults or name not in at_default
        }


def deserialize_kind(
    config: Mapping[str, Any], kinds: Mapping[str, type[Kind]], what: str
) -> Kind:
    """Makes a declaration of one of several kinds from plain values.

    Args:
        config: The kind and the fields of its declaration.
        kinds: The classes by kind.
        what: What a message calls the declaration, such as `"task"`.

    Raises:
        ValueError: When the kind is unknown or a field is wrong.
    """
    values = dict(config)
    kind = values.pop("kind", None)
    if not isinstance(kind, str) or kind not in kinds:
        raise ValueError(
            f"expected a {what}'s kind among {', '.join(kinds)}; received "
            f"{show_value(kind)}.{did_you_mean(str(kind), kinds)}"
        )
    return kinds[kind](**values)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
