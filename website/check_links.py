"""Checks of the links in a built site."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["broken_links"]

# Attributes that make a browser fetch a file.
FETCHED = {("img", "src"), ("script", "src"), ("link", "href"), ("source", "src")}
# Relations of a `link` that a browser does not fetch.
SAID = {"canonical", "next", "prev", "search", "index", "author"}


class _Page(HTMLParser):
    """The anchors and the links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[tuple[str, bool]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        for key in ("id", "name"):
            if values.get(key):
                self.anchors.add(str(values[key]))
        for key in ("href", "src"):
            if values.get(key):
                fetched = (tag, key) in FETCHED and values.get("rel") not in SAID
                self.links.append((str(values[key]), fetched))


@cache
def _read(path: Path) -> _Page:
    return _Page(path.read_text("utf-8"))


def broken_links(site: Path) -> list[str]:
    """Find links to missing files and anchors, and files from other sites.

    Args:
        site: The folder of the site.

    Returns:
        One message per link.
    """
    return [
        f"{page.relative_to(site)}: {text}"
        for page in sorted(site.rglob("*.html"))
        for text in _faults(page)
    ]


def _faults(page: Path) -> Iterator[str]:
    for link, fetched in _read(page).links:
        parts = urlsplit(link)
        if parts.scheme == "data":
            continue
        if parts.scheme or parts.netloc:
            if fetched:
                yield f"expected a file of the site; {link} is fetched from outside."
            continue
        target = page if not parts.path else page.parent / unquote(parts.path)
        if not target.exists():
            yield f"expected a file of the site; {link} is not there."
        elif (
            parts.fragment
            and target.suffix == ".html"
            and unquote(parts.fragment) not in _read(target.resolve()).anchors
        ):
            yield f"expected an anchor of {target.name}; {link} is not there."
