"""A link that shows a file name on GitHub shows a title in the site."""

from types import SimpleNamespace

import pytest

# The extra `docs` has docutils, and `.ci/run` installs it after the quick tests.
nodes = pytest.importorskip("docutils.nodes")
pytestmark = pytest.mark.slow


def test_file_names_of_pages_become_titles_and_other_links_stay():
    from docutils.utils import new_document

    from website.link_titles import show_titles

    app = SimpleNamespace(
        env=SimpleNamespace(titles={"docs/serving": nodes.title("", "Serving")})
    )
    tree = new_document("page")
    for text in ("serving.md", "docs/serving.md", "../docs/serving.md"):
        tree += nodes.reference("", text, refuri="#")
    for text in ("the serving page", "unknown.md"):
        tree += nodes.reference("", text, refuri="#")
    show_titles(app, tree, "docs/client")
    assert [link.astext() for link in tree] == [
        *["Serving"] * 3,
        "the serving page",
        "unknown.md",
    ]
