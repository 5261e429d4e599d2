"""The parts of a report, before rendering."""

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
    """The text of one paragraph."""

    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True)
class Alert:
    """An alert about a problem that may make the results wrong or worse.

    Attributes:
        title: A short statement.
        text: The evidence with its numbers, and the remedy.
        level: `"warning"` if results may be wrong, `"note"` otherwise.
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
        columns: The headings. The first one is that of the names of the rows.
        rows: The cells: text, numbers, or None for an empty cell.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Figure:
    """A figure of a report.

    Attributes:
        svg: The drawing from `svg_figure`, which is written unchanged.
        alt: The text alternative for readers who cannot see the figure.
        caption: The caption.
        values: The numbers of the figure, for `report.json`.
    """

    kind: ClassVar[str] = "figure"
    svg: str
    alt: str
    caption: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyValues:
    """A list of names and values."""

    kind: ClassVar[str] = "key_values"
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """Preformatted text, such as a configuration file."""

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
