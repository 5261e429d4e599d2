"""Parts of a report, before anything is rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

__all__ = [
    "Alert",
    "Block",
    "Figure",
    "KeyValues",
    "Paragraph",
    "Report",
    "Section",
    "Source",
    "Table",
]


@dataclass(frozen=True)
class Paragraph:
    """Text of one paragraph."""

    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True)
class Alert:
    """Something that may make the results wrong, or worse than they could be.

    Attributes:
        title: A short statement.
        text: The evidence with its numbers, and what to do.
        level: `"warning"` where results may be wrong, `"note"` otherwise.
        values: The numbers behind the text.
    """

    kind: ClassVar[str] = "alert"
    title: str
    text: str
    level: Literal["warning", "note"] = "warning"
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    Attributes:
        caption: The table's caption.
        columns: The headings, the first one that of the rows' names.
        rows: The cells: text, numbers, or None for an empty one.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Figure:
    """A drawing.

    Attributes:
        svg: The drawing as `svg_figure` gives it: it is written as it is.
        alt: Words for those who don't see it.
        caption: The caption.
        values: The numbers behind it, for `report.json`.
    """

    kind: ClassVar[str] = "figure"
    svg: str
    alt: str
    caption: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyValues:
    """Names with a value each."""

    kind: ClassVar[str] = "key_values"
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """Text that is shown as it is written, such as a configuration file."""

    kind: ClassVar[str] = "source"
    text: str
    caption: str


Block = Paragraph | Alert | Table | Figure | KeyValues | Source


@dataclass(frozen=True)
class Section:
    """A heading with its blocks.

    Attributes:
        title: The heading.
        blocks: The blocks.
        sections: Sections under headings of the next level.
    """

    title: str
    blocks: Sequence[Block] = ()
    sections: Sequence[Section] = ()


@dataclass(frozen=True)
class Report:
    """A page with a title and sections.

    Attributes:
        title: The page's title.
        summary: One sentence under the title.
        sections: The sections.
        values: Further numbers, for `report.json`.
    """

    title: str
    summary: str
    sections: Sequence[Section]
    values: Mapping[str, Any] = field(default_factory=dict)
