"""What all pictures share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["COLORS", "write_figure"]

# Blue, orange, green, ...: told apart also by those who see no red or green
# (Okabe and Ito 2008).
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def write_figure(
    path: Path, size: tuple[float, float], draw: Callable[[Figure], None]
) -> None:
    """Draws a figure and writes it as PNG.

    Args:
        path: The file.
        size: Its width and height, in inches of 120 points.
        draw: Draws on the figure it is given.
    """
    # Names come from the data: a dollar sign in one begins no formula.
    with matplotlib.rc_context({"text.parse_math": False}):
        # A figure of its own rather than pyplot's: no screen and no global state.
        figure = Figure(figsize=size, dpi=120, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        figure.savefig(path)
