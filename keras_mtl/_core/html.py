"""Small tables of HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from keras_mtl._core.display import printable

__all__ = ["html_table"]


def html_table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> str:
    """Return a table whose first column names its rows.

    All text is escaped, since names come from the data.

    Args:
        caption: The table's caption.
        columns: The headings.
        rows: The cells, text or numbers.

    Example:

    >>> table = html_table("Sizes", ("name", "size"), [("a<b", 0.12345)])
    >>> '<th scope="row">a&lt;b</th><td>0.1235</td>' in table
    True
    """
    head = "".join(f'<th scope="col">{_text(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{_text(first)}</th>'
        f"{''.join(f'<td>{_text(cell)}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return (
        f"<table><caption>{_text(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _text(cell: Any) -> str:
    return escape(f"{cell:.4g}" if isinstance(cell, float) else printable(cell))
