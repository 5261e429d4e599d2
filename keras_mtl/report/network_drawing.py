"""A drawing of a network: trunks, experts, gates, heads, and their connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from keras_mtl._core.display import printable

__all__ = ["NetworkLayer", "draw_network"]

# With more heads, the drawing would be too long; with more columns, its text too small.
MOST_HEADS = 12
MOST_COLUMNS = 12
BOX_WIDTH = 168
LINE = 15
PAD = 8
GAP = 14
COLUMN_GAP = 40
# A stack of equal parts is drawn as cards with this offset.
CARD = 3
FONT = 12
MOST_LETTERS = 27


@dataclass(frozen=True)
class NetworkLayer:
    """A part of a network: a layer, or several consecutive layers.

    Attributes:
        text: A short description of the part.
        tasks: The tasks whose outputs depend on the part.
        parameters: The number of parameters.
        detail: The layers of the part, such as `"32 → 64, relu"`.
        copies: The number of equal parts that are computed together.
        inputs: The positions of the parts that are its inputs; None for the nearest
            previous part that all its tasks depend on.
    """

    text: str
    tasks: tuple[str, ...]
    parameters: int = 0
    detail: str = ""
    copies: int = 1
    inputs: tuple[int, ...] | None = None


@dataclass(frozen=True)
class _Box:
    """A part with its position, or the place of a line that passes a column."""

    lines: tuple[str, ...]
    copies: int
    column: int

    @property
    def height(self) -> float:
        return PAD + LINE * len(self.lines) if self.lines else 2.0


def draw_network(layers: Sequence[NetworkLayer], tasks: Sequence[str]) -> str:
    """Draw a network as SVG for a page of HTML.

    The input is on the left and the outputs of the tasks are on the right. Equal parts
    that are computed together are drawn as a stack of boxes.

    Args:
        layers: The parts in the order of computation.
        tasks: The tasks' names.

    Returns:
        The `<svg>` element.

    Example:

    >>> layers = [NetworkLayer("Dense 8", ("a", "b")), NetworkLayer("Dense 1", ("a",))]
    >>> draw_network(layers, ["a", "b"]).startswith("<svg")
    True
    """
    parts = _shorten(_with_outputs(_with_inputs(layers), tasks))
    columns = _columns(parts)
    boxes = [
        _box(part, column, len(tasks))
        for part, column in zip(parts, columns, strict=True)
    ]
    boxes, lines = _pass_columns(boxes, [part.inputs or () for part in parts])
    tops = _tops(boxes, lines)
    width = (max(columns) + 1) * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP + 2 * GAP
    height = (
        max(top + box.height for top, box in zip(tops, boxes, strict=True))
        + GAP
        + 2 * CARD
    )
    drawn = [_line(boxes, tops, source, target) for source, target in lines]
    drawn += [
        _draw(box, top) for box, top in zip(boxes, tops, strict=True) if box.lines
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'fill="currentColor" font-size="{FONT}">{"".join(drawn)}</svg>'
    )


def _with_inputs(layers: Sequence[NetworkLayer]) -> list[NetworkLayer]:
    """Fill in missing inputs."""
    found = []
    for index, layer in enumerate(layers):
        if layer.inputs is None:
            before = [
                other
                for other in range(index)
                if {*layer.tasks} <= {*layers[other].tasks}
            ]
            layer = replace(layer, inputs=tuple(before[-1:]))
        found.append(layer)
    return found


def _with_outputs(
    layers: list[NetworkLayer], tasks: Sequence[str]
) -> list[NetworkLayer]:
    """Add one box per task that has no part of its own."""
    if not layers:
        return [NetworkLayer(task, (task,), inputs=()) for task in tasks]
    read = {source for layer in layers for source in layer.inputs or ()}
    ends = {
        task for i, each in enumerate(layers) if i not in read for task in each.tasks
    }
    last = {task: i for i, each in enumerate(layers) for task in each.tasks}
    missing = [task for task in tasks if task in last and task not in ends]
    return layers + [NetworkLayer(t, (t,), inputs=(last[t],)) for t in missing]


def _shorten(layers: list[NetworkLayer]) -> list[NetworkLayer]:
    """Join heads, and columns in the middle, if there are too many to read."""
    read = {source for layer in layers for source in layer.inputs or ()}
    heads = [index for index in range(len(layers)) if index not in read]
    if len(heads) > MOST_HEADS:
        layers = _join(layers, heads[MOST_HEADS:], "{} more heads")
    columns = _columns(layers)
    most = max(columns)
    if most >= MOST_COLUMNS:
        half = MOST_COLUMNS // 2
        middle = [i for i, each in enumerate(columns) if half <= each <= most - half]
        layers = _join(layers, middle, "... {} more parts")
    return layers


def _join(
    layers: list[NetworkLayer], joined: Sequence[int], text: str
) -> list[NetworkLayer]:
    """Replace some parts by one part at the position of the first."""
    left = [index for index in range(len(layers)) if index not in {*joined[1:]}]
    new = {index: position for position, index in enumerate(left)}
    new |= dict.fromkeys(joined, new[joined[0]])

    def inputs(indices: Sequence[int]) -> tuple[int, ...]:
        sources = {
            new[source] for index in indices for source in layers[index].inputs or ()
        }
        return tuple(sorted(sources - {new[index] for index in indices}))

    found = [replace(layers[index], inputs=inputs([index])) for index in left]
    tasks = dict.fromkeys(task for index in joined for task in layers[index].tasks)
    found[new[joined[0]]] = NetworkLayer(
        text.format(len(joined)),
        tuple(tasks),
        sum(layers[index].parameters for index in joined),
        inputs=inputs(joined),
    )
    return found


def _columns(layers: Sequence[NetworkLayer]) -> list[int]:
    """Return the column of each part, to the right of all its inputs."""
    found = [0] * len(layers)
    # Joined parts may read parts that come later in the list.
    for _ in layers:
        before = list(found)
        for index, layer in enumerate(layers):
            found[index] = max((found[i] + 1 for i in layer.inputs or ()), default=0)
        if found == before:
            break
    read = {source for layer in layers for source in layer.inputs or ()}
    most = max(found)
    # All outputs are in the last column.
    return [each if index in read else most for index, each in enumerate(found)]


def _box(layer: NetworkLayer, column: int, tasks: int) -> _Box:
    title = layer.text + (
        f" \N{MULTIPLICATION SIGN} {layer.copies}" if layer.copies > 1 else ""
    )
    lines = [title]
    if layer.detail:
        lines.append(layer.detail)
    if layer.parameters:
        lines.append(f"{layer.parameters:,} parameters")
    if 1 < len(layer.tasks) < tasks:
        lines.append(f"for {', '.join(layer.tasks)}")
    return _Box(tuple(lines), layer.copies, column)


def _pass_columns(
    boxes: list[_Box], inputs: Sequence[Sequence[int]]
) -> tuple[list[_Box], list[tuple[int, int]]]:
    """Return the boxes and lines between neighboring columns.

    A line over several columns gets a place in each column between, so that no box
    covers the line.
    """
    boxes = list(boxes)
    lines: list[tuple[int, int]] = []
    places: dict[tuple[int, int], int] = {}
    for target, sources in enumerate(inputs):
        for source in sources:
            last = source
            for column in range(boxes[source].column + 1, boxes[target].column):
                if (source, column) not in places:
                    places[source, column] = len(boxes)
                    boxes.append(_Box((), 1, column))
                    lines.append((last, places[source, column]))
                last = places[source, column]
            lines.append((last, target))
    return boxes, lines


def _tops(boxes: Sequence[_Box], lines: Sequence[tuple[int, int]]) -> list[float]:
    """Return the upper edges that put parts near their inputs and readers."""
    columns: dict[int, list[int]] = {}
    for index, box in enumerate(boxes):
        columns.setdefault(box.column, []).append(index)
    heights = {
        column: sum(boxes[index].height + GAP for index in indices)
        for column, indices in columns.items()
    }
    middles = [0.0] * len(boxes)
    neighbors: list[list[int]] = [[] for _ in boxes]
    for source, target in lines:
        neighbors[source].append(target)
        neighbors[target].append(source)

    def place(indices: list[int], column: int) -> None:
        top = (max(heights.values()) - heights[column]) / 2 + GAP
        for index in indices:
            middles[index] = top + boxes[index].height / 2
            top += boxes[index].height + GAP

    order = sorted(columns)
    for column in order:
        place(columns[column], column)
    # Passes alternate from the left and from the right; a few passes are enough.
    for turn in range(4):
        for column in order if turn % 2 == 0 else order[::-1]:
            wanted = {
                index: (
                    sum(middles[other] for other in neighbors[index])
                    / len(neighbors[index])
                    if neighbors[index]
                    else middles[index]
                )
                for index in columns[column]
            }
            columns[column].sort(key=wanted.__getitem__)
            place(columns[column], column)
    return [middle - box.height / 2 for middle, box in zip(middles, boxes, strict=True)]


def _left(box: _Box) -> float:
    return GAP + box.column * (BOX_WIDTH + COLUMN_GAP)


def _line(
    boxes: Sequence[_Box], tops: Sequence[float], source: int, target: int
) -> str:
    x1 = _left(boxes[source]) + BOX_WIDTH
    if boxes[source].lines:
        # The line starts at the last card.
        x1 += min(boxes[source].copies - 1, 2) * CARD
    y1 = tops[source] + boxes[source].height / 2
    x2, y2 = _left(boxes[target]), tops[target] + boxes[target].height / 2
    bend = (x2 - x1) / 2
    curve = f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
    if not boxes[target].lines:
        curve += f"H{x2 + BOX_WIDTH:g}"
    return f'<path d="{curve}" fill="none" stroke="currentColor" stroke-opacity="0.5"/>'


def _draw(box: _Box, top: float) -> str:
    left = _left(box)
    parts = []
    for card in range(min(box.copies - 1, 2), 0, -1):
        parts.append(
            f'<path d="M{left + card * CARD + 5:g} {top - card * CARD:g}'
            f'h{BOX_WIDTH - 10:g}q5 0 5 5v{box.height - 10:g}" fill="none" '
            'stroke="currentColor" stroke-opacity="0.5"/>'
        )
    parts.append(
        f'<rect x="{left:g}" y="{top:g}" width="{BOX_WIDTH}" height="{box.height:g}" '
        'rx="5" fill-opacity="0.08" stroke="currentColor" stroke-opacity="0.5"/>'
    )
    for index, text in enumerate(box.lines):
        weight = "600" if index == 0 else "400"
        parts.append(
            f'<text x="{left + BOX_WIDTH / 2:g}" y="{top + LINE * (index + 1):g}" '
            f'text-anchor="middle" font-weight="{weight}">'
            f"{escape(printable(_cut(text)))}</text>"
        )
    return "".join(parts)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
