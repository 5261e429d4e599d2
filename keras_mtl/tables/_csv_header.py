"""The names in the header of a CSV file, and messages about wrong names."""

import csv
from collections.abc import Sequence

__all__ = [
    "check_names",
    "ends_empty",
    "named_width",
    "nameless",
    "nameless_values",
    "title_message",
    "too_long_message",
]

PLACES_SHOWN = 5


def ends_empty(fields: Sequence[str], named: int) -> bool:
    """Return whether a row has a value per name, and only empty fields after them.

    In a table of one column, a delimiter at the end is probably part of a text.
    """
    return 1 < named <= len(fields) and not any(map(str.strip, fields[named:]))


def named_width(header: Sequence[str]) -> int:
    """Return the number of fields without the nameless ones at the end."""
    named = [index for index, name in enumerate(header, start=1) if name]
    return named[-1] if named else len(header)


def check_names(source: str, names: tuple[str, ...]) -> list[str]:
    """Find columns after the first that have no name, and duplicate names."""
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(names, start=1):
        positions.setdefault(name, []).append(position)
    if len(positions) < len(names) and all(map(_is_number, names)):
        shown = ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "")
        return [
            f"{source}, header: expected different column names. Received: numbers "
            f"({shown}), some of them twice. If they are data, write a header above "
            "them."
        ]
    errors = []
    for name, places in positions.items():
        if not name:
            errors += nameless(source, places) if places != [1] else []
        elif len(places) > 1:
            where = ", ".join(map(str, places[:PLACES_SHOWN]))
            if len(places) > PLACES_SHOWN:
                where += f" and {len(places) - PLACES_SHOWN} more"
            errors.append(
                f"{source}, header: expected different column names. Received: "
                f"{name!r} for columns {where}. Rename all but one."
            )
    return errors


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def nameless(source: str, positions: Sequence[int]) -> list[str]:
    """Return the message about columns without a name, counted from 1."""
    return [
        f"{source}, header: expected a name for each column. Received: no "
        f"name for column {', '.join(map(str, positions))}. Name it, or remove it if "
        "it only numbers the rows."
    ]


def nameless_values(
    source: str, header: Sequence[str], fields: Sequence[str]
) -> list[str]:
    """Return the message about values below the nameless end of a header."""
    if sum(map(bool, header)) == 1 and len(header) > 2:
        return [
            title_message(source, 1, [name for name in header if name], len(header))
        ]
    empty = [
        position
        for position, (name, field) in enumerate(
            zip(header, fields, strict=True), start=1
        )
        if not name and field.strip()
    ]
    return nameless(source, empty)


def title_message(source: str, line: int, names: Sequence[str], width: int) -> str:
    shown = ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "")
    remedy = "If this is a title, remove the lines above the column names"
    if width == len(names) + 1:
        remedy += "; if each row begins with its name, as R writes it, name that too"
    return (
        f"{source}, line {line}: expected a name for each of {width} columns, as the "
        f"rows below have them. Received: {shown}. {remedy}; else name all columns."
    )


def too_long_message(source: str, line: int, reason: str) -> str:
    return (
        f"{source}, line {line}: expected fields of at most "
        f"{csv.field_size_limit()} characters. Received: {reason}. Perhaps a quote "
        "is opened here and not closed."
    )
