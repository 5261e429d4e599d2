"""Sections of a fit's report on what the tasks share."""

from __future__ import annotations

from typing import Any

import pandas as pd

from keras_mtl.analysis.sharing_picture import draw_shares
from keras_mtl.analysis.sharing_readout import (
    MOST_CELLS,
    SharingMap,
    SharingReadout,
    sharing_maps,
)
from keras_mtl.report.document import Alert, Block, Figure, Section, Table
from keras_mtl.report.figures import svg_figure

__all__ = ["sharing_alerts", "sharing_sections"]

# The largest numbers of tasks, and of heat maps of deep networks, in a section.
MOST_MAPS = 24
MOST_NAMED = 8


def sharing_alerts(readout: SharingReadout | None) -> list[Alert]:
    """Find collapsed gates, unused experts and tasks that ignore their experts.

    Args:
        readout: The result of `read_sharing`, or None.

    Returns:
        An alert with one sentence per gate that has collapsed onto one expert, per
        unused expert, and per task that ignores its own experts.
    """
    if readout is None or not readout.sentences:
        return []
    sentences = list(readout.sentences)
    more = len(sentences) - MOST_NAMED
    text = " ".join(sentences[:MOST_NAMED]) + (f" And {more} more." if more > 0 else "")
    return [
        Alert(
            "Experts that are not used as intended",
            f"{text} Fewer experts, or gate dropout, may give a better model.",
            "note",
            {"sentences": sentences},
        )
    ]


def sharing_sections(readout: SharingReadout | None) -> list[Section]:
    """Show the experts of each task, learned mixes and distances between trunks.

    Args:
        readout: The result of `read_sharing`, or None.

    Returns:
        A list of one section with tables and heat maps, or an empty list if the
        architecture has no such values.
    """
    if readout is None:
        return []
    blocks: list[Block] = []
    if not readout.experts.empty:
        blocks.append(_gates(readout.experts))
    maps = sharing_maps(readout)[:MOST_MAPS]
    blocks += [_table(each) for each in maps if each.table.size <= MOST_CELLS]
    # A heat map of one cell would repeat the table.
    drawn = [each for each in maps if each.table.size > 1]
    blocks += [_figure(each, f"sharing{index}") for index, each in enumerate(drawn)]
    return [Section("What the tasks share", blocks)] if blocks else []


def _gates(use: pd.DataFrame) -> Table:
    """Return the most used expert of each gate and task, one row each."""
    first = use[use["member"] == use["member"].min()]
    members = use["member"].nunique()
    rows = []
    for (layer, task), gate in first.groupby(["layer", "task"], sort=False):
        best = gate.loc[gate["mean"].idxmax()]
        rows.append(
            (
                f"{layer}, {task}",
                *(best[name] for name in ("expert", "mean", "leads", "entropy")),
            )
        )
    return Table(
        "The expert that each gate uses most"
        + (f", in the first of {members} members" if members > 1 else "")
        + "; the entropy of its weights is 0 for one expert alone, 1 for all alike",
        ("gate", "expert", "mean weight", "leads on a share of rows", "entropy"),
        rows,
    )


def _table(shown: SharingMap) -> Table:
    return Table(
        shown.title,
        ("task", *map(str, shown.table.columns)),
        [
            (str(task), *(None if pd.isna(cell) else float(cell) for cell in row))
            for task, row in zip(shown.table.index, shown.table.to_numpy(), strict=True)
        ],
    )


def _figure(shown: SharingMap, name: str) -> Figure:
    tasks, columns = shown.table.shape

    def draw(figure: Any) -> None:
        draw_shares(figure.subplots(), shown.table, "")

    width, height = 2.4 + 0.55 * min(columns, 24), 1.3 + 0.4 * min(tasks, 24)
    svg = svg_figure((max(width, 4.0), max(height, 2.2)), draw, name)
    if columns > 12:
        svg = svg.replace("<svg ", "<svg data-wide ", 1)
    values = {
        str(task): dict(zip(map(str, shown.table.columns), row, strict=True))
        for task, row in zip(
            shown.table.index, shown.table.to_numpy(float).tolist(), strict=True
        )
    }
    return Figure(svg, f"{shown.title}.", f"{shown.title}.", values)
