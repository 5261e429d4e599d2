"""A report as a page of HTML and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from keras_mtl._core.display import printable
from keras_mtl.report.document import Block, Figure, Report, Section

__all__ = ["NUMBERS", "PAGE", "render_page", "report_json", "write_report"]

PAGE = "report.html"
NUMBERS = "report.json"
# The largest number of characters of a cell without line breaks.
SHORT = 18


def render_page(report: Report) -> str:
    """Render a report as one HTML page that needs no other files.

    All text is escaped. Only the drawings of figures are written unchanged.

    Args:
        report: The report.

    Example:

    >>> from keras_mtl.report import Paragraph, Report, Section
    >>> report = Report("Fit", "One task.", [Section("Data", [Paragraph("5 < 6")])])
    >>> "5 &lt; 6" in render_page(report)
    True
    """
    return _template().render(report=report)


def report_json(report: Report) -> str:
    """Return all numbers and texts of a report as JSON, without drawings.

    Figures are replaced by their values.

    Args:
        report: The report.

    Example:

    >>> from keras_mtl.report import Paragraph, Report, Section
    >>> report = Report("Fit", "One task.", [Section("Data", [Paragraph("5 < 6")])])
    >>> json.loads(report_json(report))["sections"][0]["title"]
    'Data'
    """
    plain = {
        "title": report.title,
        "summary": report.summary,
        "sections": [_plain_section(section) for section in report.sections],
    }
    if report.values:
        plain["values"] = _plain(report.values)
    return json.dumps(plain, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def write_report(folder: Path, report: Report) -> None:
    """Write `report.html` and `report.json` into a folder.

    Each file is written atomically. The JSON file is written last, so that the page
    exists if the JSON file does.

    Args:
        folder: An existing folder.
        report: The report.
    """
    for name, text in (
        (PAGE, render_page(report)),
        (NUMBERS, report_json(report)),
    ):
        partial = folder / f".{name}"
        # A lone surrogate in a name, from a file with invalid text, cannot be UTF-8.
        partial.write_text(text, "utf-8", errors="backslashreplace")
        partial.replace(folder / name)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("keras_mtl.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = _shown
    environment.tests["number"] = _is_number
    environment.tests["short"] = lambda cell: len(str(cell)) <= SHORT
    return environment.get_template("report.html.jinja")


def _shown(value: Any) -> str:
    """Format a cell: numbers with four digits, text without control characters."""
    if value is None:
        return ""
    if _is_number(value) and not isinstance(value, int | np.integer):
        return f"{value:.4g}" if math.isfinite(value) else ""
    return printable(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _plain_section(section: Section) -> dict[str, Any]:
    plain: dict[str, Any] = {"title": section.title}
    if section.blocks:
        plain["blocks"] = [_plain_block(block) for block in section.blocks]
    if section.sections:
        plain["sections"] = [_plain_section(each) for each in section.sections]
    return plain


def _plain_block(block: Block) -> dict[str, Any]:
    values = {each.name: getattr(block, each.name) for each in fields(block)}
    if isinstance(block, Figure):
        del values["svg"]
    return {"kind": block.kind, **_plain(values)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value)
