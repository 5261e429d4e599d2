"""Drawings of what a model's tasks share."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.analysis.sharing_readout import (
    MOST_CELLS,
    SharingReadout,
    sharing_maps,
)

__all__ = ["draw_shares", "sharing_svg"]


def draw_shares(axes: Any, table: pd.DataFrame, title: str) -> None:
    """Draw a table of shares as a heat map with its numbers.

    Args:
        axes: The Matplotlib axes.
        table: The table of a `SharingMap`.
        title: The title.
    """
    numbers = table.to_numpy(float)
    largest = max(1.0, float(np.nanmax(np.abs(numbers))))
    axes.imshow(numbers, cmap="Blues", vmin=0, vmax=largest, aspect="auto")
    axes.set_xticks(range(table.shape[1]), table.columns, rotation=45, ha="right")
    axes.set_yticks(range(table.shape[0]), table.index)
    axes.set_title(title)
    if table.size > MOST_CELLS:
        # With more cells, the numbers would overlap.
        return
    for (row, column), number in np.ndenumerate(numbers):
        if not np.isnan(number):
            color = "white" if number > 0.6 * largest else "black"
            axes.text(
                column, row, f"{number:.2f}", ha="center", va="center", color=color
            )


def sharing_svg(readout: SharingReadout) -> str | None:
    """Draw a readout as SVG: one map per gate, mix and layer of the trunks.

    Args:
        readout: The result of `read_sharing`.

    Returns:
        The SVG, or None if the model has nothing to draw.

    Example:

    >>> import numpy as np
    >>> from keras_mtl.analysis import read_sharing
    >>> from keras_mtl.architectures import build_mmoe
    >>> from keras_mtl.tasks import BinaryTask
    >>> model = build_mmoe(3, [BinaryTask("heart"), BinaryTask("stroke")])
    >>> svg = sharing_svg(read_sharing(model, np.ones((5, 3), "float32")))
    >>> svg is not None and svg.rstrip().endswith("</svg>")
    True
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    maps = sharing_maps(readout)
    if not maps:
        return None
    # Names come from the data, so a dollar sign must not start a formula. With the
    # salt, the same drawing has the same text.
    style: Any = {"text.parse_math": False, "svg.hashsalt": "keras_mtl"}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(7, 3.2 * len(maps)), layout="constrained")
        FigureCanvasSVG(figure)
        every = figure.subplots(len(maps), squeeze=False).flat
        for axes, each in zip(every, maps, strict=True):
            draw_shares(axes, each.table, each.title)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
