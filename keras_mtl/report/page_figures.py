"""Figures of one page, with unique names."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from keras_mtl.report.document import Figure
from keras_mtl.report.figures import COLORS, Drawing, svg_figure

__all__ = ["PageFigures", "axes_drawing"]

# Wider drawings have the full width of a page.
WIDE = 8.0
SIZE = (5.2, 4.2)


class PageFigures:
    """The figures of one page, drawn and numbered.

    Example:

    >>> figures = PageFigures()
    >>> plot = Drawing((2, 1), lambda figure: None, "Nothing")
    >>> [figures.draw(plot).alt for _ in range(2)]
    ['Nothing.', 'Nothing.']
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def draw(self, drawing: Drawing, values: Mapping[str, Any] | None = None) -> Figure:
        """Draw a figure.

        Args:
            drawing: The drawing.
            values: The numbers of the figure, for `report.json`.
        """
        name = f"figure{next(self._numbers)}"
        svg = svg_figure(drawing.size, drawing.draw, name)
        if drawing.size[0] > WIDE:
            svg = svg.replace("<svg ", "<svg data-wide ", 1)
        words = f"{drawing.caption}."
        return Figure(svg, words, words, values or {})


def axes_drawing(draw: Callable[[Axes], None], caption: str) -> Drawing:
    """Return the drawing of a plot on one pair of axes.

    Args:
        draw: A function that draws on given axes.
        caption: See `Drawing`.
    """

    def draw_on(figure: Canvas) -> None:
        axes = figure.add_subplot()
        axes.set_prop_cycle(color=COLORS)
        draw(axes)

    return Drawing(SIZE, draw_on, caption)
