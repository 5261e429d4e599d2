"""Messages about settings that do not fit their declaration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from pydantic import ValidationError

from keras_mtl._core.declarations import NAME_PATTERN
from keras_mtl._core.errors import UserError, did_you_mean, show_value

__all__ = ["validation_messages"]

# The largest number of errors of one table in a message; a file may have a million.
IN_FULL = 100


def validation_messages(
    error: ValidationError, schema: type, prefix: str = ""
) -> Iterator[str]:
    """Yield one message per error, with its place, the expected and the received value.

    Args:
        error: The error of pydantic.
        schema: The declaration with the error.
        prefix: The prefix of the names of fields, such as `"search."`.

    Example:

    >>> from keras_mtl._core.declarations import Declaration, declaration
    >>> @declaration
    ... class Point(Declaration):
    ...     x: float = 0.0
    >>> try:
    ...     Point(x="a", xx=1)
    ... except ValidationError as error:
    ...     print(*validation_messages(error, Point), sep="\\n")
    x: expected a valid number, unable to parse string as a number; received 'a'.
    xx: unknown setting. Did you mean 'x'? Known here: x.
    """
    for number, item in enumerate(error.errors(include_url=False)):
        where = prefix + ".".join(str(part) for part in item["loc"])
        if number >= IN_FULL:
            yield f"{where}: {item['type']}"
            continue
        if item["type"] == "unexpected_keyword_argument":
            *path, key = item["loc"]
            known = _fields_at(schema, path)
            hint = did_you_mean(str(key), known)
            tables = [
                name for name in known if key in _fields_at(schema, [*path, name])
            ]
            if tables:
                # The key of a dict in a script, or of a table in TOML.
                inside = ".".join(map(str, [*path, tables[0]]))
                hint = f" It is in {inside}: write {inside}.{key}"
                hint += f", in a script {tables[0]}={{{str(key)!r}: ...}}."
            yield (
                f"{where}: unknown setting.{hint} Known here: "
                f"{', '.join(known) or 'none'}."
            )
            continue
        if item.get("ctx", {}).get("pattern") == NAME_PATTERN:
            yield (
                f"{where}: expected letters, digits and _, and a letter first; "
                f"received {show_value(item['input'])}. Choose such a name; the column "
                "of a task or feature may have any name and is stated beside it."
            )
            continue
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, UserError):
            # The settings of a method: each message begins with the name of a setting.
            for message in cause.messages:
                yield f"{where}.{message}"
            continue
        text = item["msg"].removeprefix("Value error, ")
        text = text.replace("Input should be", "expected").replace(
            "String should match pattern", "expected text of the form"
        )
        if item["type"] == "missing":
            yield f"{where}: expected a value; received none."
            continue
        if "received" not in text:
            text += f"; received {show_value(item['input'])}"
        yield f"{where}: {text[0].lower()}{text[1:].removesuffix('.')}."


def _fields_at(schema: Any, path: Iterable[Any]) -> list[str]:
    for part in path:
        schema = get_type_hints(schema).get(part, schema)
    return [field.name for field in fields(schema)] if is_dataclass(schema) else []
