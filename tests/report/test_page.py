"""A report is one page that needs no other file and shows names as text."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from keras_mtl.report import (
    Alert,
    Figure,
    KeyValues,
    Paragraph,
    Report,
    Section,
    Source,
    Table,
    render_page,
    report_json,
    svg_figure,
    write_report,
)

MARKUP = "<img src=x onerror=alert(1)>\x1b[2J"


def _report(name="task"):
    svg = svg_figure((3, 2), lambda figure: figure.add_subplot(title=name), "one")
    return Report(
        name,
        f"About {name}.",
        [
            Section("Alerts", [Alert(name, name, values={name: np.float32(0.5)})]),
            Section(
                "All",
                [
                    Paragraph(name),
                    Table(name, (name, "value"), [(name, 0.25), (name, np.nan)]),
                    Figure(svg, name, name, {"curve": np.array([1.0, np.nan])}),
                    KeyValues({name: name}),
                    Source(name, name),
                ],
                [Section(name, [Paragraph("inner")])],
            ),
        ],
    )


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def test_names_with_markup_are_text():
    text = render_page(_report(MARKUP))
    page = Page(text)
    assert not page.all("img")
    assert not page.all("script")
    assert "onerror=alert(1)&gt;" in text
    assert "\x1b[2J" not in text.partition("<pre")[0].replace("<text", "")[:500]


def test_nothing_is_loaded_from_elsewhere():
    page = Page(render_page(_report()))
    loaded = [
        value
        for tag, attributes in page.tags
        for key, value in attributes.items()
        if key in ("src", "href", "xlink:href") and tag != "a"
    ]
    assert all(value.startswith(("#", "data:")) for value in loaded)


def test_headings_are_in_order_and_tables_have_scopes():
    page = Page(render_page(_report()))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels == [1, 2, 2, 3]
    assert {each["scope"] for each in page.all("th")} == {"col", "row"}
    drawn = [each for each in page.all("div") if each.get("role") == "img"]
    assert [each["aria-label"] for each in drawn] == ["task"]


def test_two_figures_on_a_page_share_no_id():
    def draw(figure):
        figure.add_subplot().plot([1, 2, 1], marker="o")

    both = svg_figure((3, 2), draw, "one") + svg_figure((3, 2), draw, "two")
    names = re.findall(r'\bid="([^"]+)"', both)
    assert len(names) == len(set(names)) > 4
    used = re.findall(r'(?:url\(#|href="#)([^)"]+)', both)
    assert used
    assert set(used) <= set(names)


def test_a_figure_takes_the_color_of_the_page_and_is_drawn_alike_again():
    def draw(figure):
        figure.add_subplot(title="a < b").plot([1, 2])

    svg = svg_figure((3, 2), draw, "one")
    assert svg == svg_figure((3, 2), draw, "one")
    assert "currentColor" in svg
    assert "a &lt; b" in svg
    assert "<style" not in svg


def test_the_json_holds_the_numbers_and_no_drawing():
    read = json.loads(report_json(_report()))
    assert read["sections"][0]["blocks"][0]["values"] == {"task": 0.5}
    table, figure = read["sections"][1]["blocks"][1:3]
    assert table["rows"] == [["task", 0.25], ["task", None]]
    assert figure["values"] == {"curve": [1.0, None]}
    assert "svg" not in figure


def test_names_that_utf_8_does_not_have_are_written_escaped(tmp_path):
    write_report(tmp_path, Report("a\udc80", "", []))
    assert "\\udc80" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize("value", [0, 3, True, None, "x"])
def test_every_kind_of_cell_is_shown(value):
    report = Report("", "", [Section("", [Table("", ("a", "b"), [("row", value)])])])
    assert ("" if value is None else str(value)) in render_page(report)
