"""Page titles instead of file names in the text of links."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

__all__ = ["setup", "show_titles"]


def show_titles(app: Sphinx, tree: nodes.document, name: str) -> None:
    """Replace the file name of a page in the text of a link by its title.

    On GitHub a reader sees files, so a page links to "serving.md". In the site a
    reader sees titles.

    Args:
        app: The build.
        tree: The page, in which the text of links is changed.
        name: The name of the page.
    """
    del name
    titles = app.env.titles
    for link in tree.findall(nodes.reference):
        text = link.astext()
        if not text.endswith(".md") or " " in text:
            continue
        page = text.removesuffix(".md").removeprefix("../")
        found = next((each for each in (page, f"docs/{page}") if each in titles), None)
        if found is not None:
            title = titles[found].deepcopy()
            link.children = []
            link += nodes.inline("", "", *title.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Change the links after Sphinx has resolved them."""
    app.connect("doctree-resolved", show_titles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
