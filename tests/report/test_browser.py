"""Pages in a browser: no errors, no scrolling sideways, and words for everything."""

import itertools
from dataclasses import replace

import pytest

from keras_mtl.report import (
    KeyValues,
    Report,
    Section,
    Table,
    evaluation_report,
    fit_report,
    write_report,
)

from .browser import Browser, find_browser
from .evaluation_facts import make_facts, make_rows
from .test_fit_page import make_fit_facts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed"),
]
MARKUP = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folders of a fit's page and of an evaluation's, with names of markup."""
    frame, labels = make_rows()
    facts = make_facts(failures=[MARKUP], copies=3)
    subgroups = {MARKUP: facts.subgroups["site"]}
    importance = [replace(each, feature=MARKUP) for each in facts.importance[:1]]
    reports = {
        "evaluation": evaluation_report(
            replace(
                facts,
                name=MARKUP,
                subgroups=subgroups,
                importance=[*importance, *facts.importance[1:]],
                rows=frame.rename(columns={"dose": MARKUP}),
                row_labels=labels,
            )
        ),
        "fit": fit_report(replace(make_fit_facts(), name=MARKUP)),
    }
    folders = {}
    for name, report in reports.items():
        folders[name] = tmp_path_factory.mktemp(name)
        write_report(folders[name], report)
    return folders


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(find_browser(), tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("name", ["evaluation", "fit"])
@pytest.mark.parametrize("width", [400, 1200])
@pytest.mark.parametrize("dark", [False, True])
def test_a_page_fits_its_window_without_errors(browser, pages, name, width, dark):
    browser.show(pages[name] / "report.html", width, dark=dark)
    assert browser.errors() == []
    page = "document.documentElement"
    assert browser.evaluate(f"{page}.scrollWidth") <= width
    # Tables and sources scroll by themselves, and no text runs over the edge.
    wide = browser.evaluate(
        f"""[...document.querySelectorAll("main *, header *")]
        .filter(each => !each.closest(".wide, pre, svg")
            && each.getBoundingClientRect().right > {page}.clientWidth + 1)
        .map(each => each.outerHTML.slice(0, 80))"""
    )
    assert wide == []


@pytest.mark.parametrize("name", ["evaluation", "fit"])
@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_the_page(browser, pages, name, dark):
    browser.show(pages[name] / "report.html", 1200, dark=dark)
    contrasts = browser.evaluate(
        """(() => {
        const light = color => {
            const parts = color.match(/[0-9.]+/g).slice(0, 3).map(part => {
                const x = Number(part) / 255;
                return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const behind = each => {
            for (; each; each = each.parentElement) {
                const color = getComputedStyle(each).backgroundColor;
                if (color !== "rgba(0, 0, 0, 0)") return color;
            }
        };
        const read = "h1, h2, p, td, th, caption, figcaption, a, dt, dd, pre";
        return [...document.querySelectorAll(read)]
            .map(each => {
                const two = [getComputedStyle(each).color, behind(each)].map(light);
                return (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
            });
        })()"""
    )
    # What the Web Content Accessibility Guidelines ask of text, level AA.
    assert min(contrasts) >= 4.5


@pytest.mark.parametrize("name", ["evaluation", "fit"])
def test_a_page_can_be_read_aloud(browser, pages, name):
    browser.show(pages[name] / "report.html")
    levels = browser.evaluate(
        """[...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
        .map(each => Number(each.tagName[1]))"""
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    steps = [after - before for before, after in itertools.pairwise(levels)]
    assert max(steps) == 1
    unnamed = browser.evaluate(
        """[...document.querySelectorAll("svg")]
        .filter(each => !each.closest('[role="img"]')?.getAttribute("aria-label"))
        .length"""
    )
    assert unnamed == 0
    assert browser.evaluate("document.querySelectorAll('svg').length") > 4
    assert browser.evaluate(
        """[...document.querySelectorAll("table")].every(each =>
            each.caption.textContent
            && [...each.querySelectorAll("th")].every(head => head.scope)
            && [...each.tBodies[0].rows].every(row => row.cells[0].tagName === "TH"))"""
    )
    links = browser.evaluate(
        """[...document.querySelectorAll("nav a")]
        .every(each => document.querySelector(each.getAttribute("href")))"""
    )
    assert links


@pytest.mark.parametrize("name", ["evaluation", "fit"])
def test_markup_in_names_is_text(browser, pages, name):
    browser.show(pages[name] / "report.html")
    assert MARKUP in browser.evaluate("document.title")
    assert browser.evaluate("document.querySelectorAll('img, script').length") == 0
    assert MARKUP in browser.evaluate("document.querySelector('h1').textContent")


def test_the_page_asks_for_no_other_file(browser, pages):
    browser.events.clear()
    browser.show(pages["evaluation"] / "report.html")
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert len([url for url in asked if not url.startswith("data:")]) == 1


@pytest.mark.parametrize("width", [400, 1200])
def test_names_are_not_broken_inside_a_word(browser, tmp_path, width):
    names = ["numeric_embedding", "validation_fraction_of_members", "trial"]
    sentence = "of the best trial, with what was said of it " * 8
    values = {**dict.fromkeys(names, sentence), "deviation over all folds": 0.1}
    table = Table(
        "Settings", ("setting", "value"), [(name, sentence) for name in names]
    )
    report = Report(
        "Search", "12 trials", [Section("Best", [KeyValues(values), table])]
    )
    write_report(tmp_path, report)
    browser.show(tmp_path / "report.html", width)
    # A word in two lines has two rectangles.
    broken = browser.evaluate(
        """[...document.querySelectorAll("dt, th")].flatMap(cell =>
            [...cell.textContent.matchAll(/\\S+/g)].filter(word => {
                const range = document.createRange()
                range.setStart(cell.firstChild, word.index)
                range.setEnd(cell.firstChild, word.index + word[0].length)
                return range.getClientRects().length > 1
            }).map(word => word[0]))"""
    )
    assert broken == []
    # Beside each other where there is room for both.
    beside = browser.evaluate(
        """[...document.querySelectorAll("dl div")].filter(row =>
            row.children[0].getBoundingClientRect().top
            == row.children[1].getBoundingClientRect().top).length"""
    )
    assert beside == (4 if width > 480 else 0)
