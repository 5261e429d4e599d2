"""Drawing and writing of figures."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

__all__ = ["COLORS", "Drawing", "logarithmic", "svg_figure", "write_figure"]

# Blue, orange, green, ...: also distinguishable without seeing red and green (Okabe and
# Ito 2008).
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


@dataclass(frozen=True)
class Drawing:
    """A figure that is not drawn yet.

    Attributes:
        size: The width and height in inches.
        draw: A function that draws on the given Matplotlib figure.
        caption: The caption, without a period at the end.
    """

    size: tuple[float, float]
    draw: Callable[[Figure], None]
    caption: str


def write_figure(
    path: Path, size: tuple[float, float], draw: Callable[[Figure], None]
) -> None:
    """Draw a figure and write it as PNG.

    Args:
        path: The file.
        size: The width and height in inches of 120 pixels.
        draw: A function that draws on the given Matplotlib figure.
    """
    # Names come from the data, so a dollar sign must not start a formula.
    with matplotlib.rc_context({"text.parse_math": False}):
        # Not a figure of pyplot: this one needs no screen and has no global state.
        figure = Figure(figsize=size, dpi=120, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        figure.savefig(path)


def logarithmic(axes: Axes, which: Literal["x", "y"]) -> None:
    """Give an axis a logarithmic scale whose labels are plain numbers.

    Matplotlib's own labels are formulas, which are switched off here.
    """
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(LogFormatter())
    axis.set_minor_formatter(LogFormatter(labelOnlyBase=False))


# Replaced by the color of the page's text: Matplotlib has no `currentColor`.
_INK = "#010203"
_INKED = (
    "axes.edgecolor",
    "axes.labelcolor",
    "axes.titlecolor",
    "legend.labelcolor",
    "text.color",
    "xtick.color",
    "ytick.color",
)


def svg_figure(
    size: tuple[float, float], draw: Callable[[Figure], None], name: str
) -> str:
    """Draw a figure as SVG for a page of HTML.

    The background is transparent, text is not converted to paths, and lines and text
    have the color of the page's text, so that the figure also works on a dark page.

    Args:
        size: The width and height in inches of 72 points.
        draw: A function that draws on the given Matplotlib figure.
        name: A name of letters and digits that is unique on the page. It is the prefix
            of the ids in the SVG.

    Returns:
        The `<svg>` element.
    """
    settings: dict[Any, Any] = {
        **dict.fromkeys(_INKED, _INK),
        "axes.facecolor": "none",
        "font.size": 9,
        "legend.edgecolor": "none",
        "legend.facecolor": "none",
        "savefig.facecolor": "none",
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "text.parse_math": False,
    }
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    # HTML must not contain the header of a file, the description, and the style sheet,
    # which would apply to the whole page.
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style.*?</style>", "", text, count=1, flags=re.DOTALL)
    # Only in tags: names from the data do not change.
    return re.sub(r"<[^>]*>", lambda tag: _adapt_tag(tag[0], name), text)


def _adapt_tag(tag: str, name: str) -> str:
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = tag.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    # The page's style sheet makes the colors of a dark page lighter.
    for index, color in enumerate(COLORS):
        tag = tag.replace(color.lower(), f"var(--series-{index}, {color.lower()})")
    return tag.replace(_INK, "currentColor")
