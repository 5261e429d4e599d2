"""Links of the built site that lead nowhere, or outside where a browser fetches."""

import pytest

from website.check_links import broken_links


@pytest.fixture
def site(tmp_path):
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "a.html").write_text('<h1 id="top">A</h1>', "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "link",
    [
        '<a href="guide/a.html#top">',
        '<a href="#here" id="here">',
        '<a href="https://example.org/">',
        '<img src="data:image/png;base64,AA">',
        '<link rel="canonical" href="https://example.org/">',
    ],
)
def test_a_link_that_leads_somewhere_is_not_named(site, link):
    (site / "index.html").write_text(link, "utf-8")
    assert broken_links(site) == []


@pytest.mark.parametrize(
    ("link", "named"),
    [
        ('<a href="guide/b.html">', "guide/b.html is not there"),
        ('<a href="guide/a.html#bottom">', "guide/a.html#bottom is not there"),
        ('<a href="#there">', "#there is not there"),
        ('<img src="lost.png">', "lost.png is not there"),
        ('<script src="https://cdn.example.org/a.js">', "fetched from outside"),
        ('<link rel="stylesheet" href="//cdn.example.org/a.css">', "from outside"),
    ],
)
def test_a_link_that_leads_nowhere_is_named_with_its_page(site, link, named):
    (site / "index.html").write_text(link, "utf-8")
    (message,) = broken_links(site)
    assert message.startswith("index.html: ")
    assert named in message
