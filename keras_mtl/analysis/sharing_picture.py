"""Pictures of what a model's tasks share."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.analysis.sharing import SharingReadout

__all__ = ["draw_shares", "sharing_svg"]


def draw_shares(
    axes: Any, frame: pd.DataFrame, rows: str, columns: str, values: str, title: str
) -> None:
    """Draws a table of shares as a map of colors with its numbers.

    Args:
        axes: Matplotlib's axes.
        frame: A part of one of a `SharingReadout`'s frames, of one layer.
        rows: The column whose values are the rows, such as `"task"`.
        columns: The column whose values are the columns, such as `"expert"`.
        values: The column of the numbers; means over members are drawn.
        title: The title.
    """
    table = frame.pivot_table(index=rows, columns=columns, values=values, sort=False)
    numbers = table.to_numpy(float)
    largest = max(1.0, float(np.nanmax(np.abs(numbers))))
    axes.imshow(numbers, cmap="Blues", vmin=0, vmax=largest, aspect="auto")
    axes.set_xticks(range(table.shape[1]), table.columns, rotation=45, ha="right")
    axes.set_yticks(range(table.shape[0]), table.index)
    axes.set_title(title)
    if table.size > 200:
        # Numbers would cover each other.
        return
    for (row, column), number in np.ndenumerate(numbers):
        if not np.isnan(number):
            color = "white" if number > 0.6 * largest else "black"
            axes.text(
                column, row, f"{number:.2f}", ha="center", va="center", color=color
            )


def sharing_svg(readout: SharingReadout) -> str | None:
    """Draws a readout as SVG: a map for each gate, mix and layer of trunks.

    Args:
        readout: What `read_sharing` returned.

    Returns:
        The SVG, or None where the model has nothing to draw.

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

    drawings = _drawings(readout)
    if not drawings:
        return None
    # Names come from the data: a dollar sign in one begins no formula. The salt
    # gives the same picture the same text.
    style: Any = {"text.parse_math": False, "svg.hashsalt": "keras_mtl"}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(7, 3.2 * len(drawings)), layout="constrained")
        FigureCanvasSVG(figure)
        for axes, draw in zip(
            figure.subplots(len(drawings), squeeze=False).flat, drawings, strict=True
        ):
            draw(axes)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _drawings(readout: SharingReadout) -> list[Callable[[Any], None]]:
    kinds = (
        (readout.experts, "expert", "mean", "mean weight of each expert"),
        (readout.stitches, "source", "weight", "learned mix"),
        (readout.distances, "other", "distance", "distance between trunks"),
    )
    return [
        partial(
            draw_shares,
            frame=part,
            rows="task",
            columns=columns,
            values=values,
            title=title,
        )
        for frame, columns, values, what in kinds
        for layer, part in frame.groupby("layer", sort=False)
        for title in [f"{layer}: {what}"]
    ]
