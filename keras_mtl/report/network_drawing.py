"""A drawing of a network: the shared layers, and a head per task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from keras_mtl._core.display import printable

__all__ = ["NetworkLayer", "draw_network"]

# More heads make the drawing longer than anyone reads.
MOST_HEADS = 12
MOST_LAYERS = 14
BOX_HEIGHT = 34
BOX_WIDTH = 250
GAP = 12
FONT = 12


@dataclass(frozen=True)
class NetworkLayer:
    """A layer of a network.

    Attributes:
        text: The layer in a few words.
        tasks: The tasks whose outputs depend on it.
        parameters: The number of its parameters.
    """

    text: str
    tasks: tuple[str, ...]
    parameters: int = 0


def draw_network(layers: Sequence[NetworkLayer], tasks: Sequence[str]) -> str:
    """Draws a network as SVG for a page of HTML.

    Layers of several tasks are on the left, from top to bottom; each task's own
    are on the right.

    Args:
        layers: The layers in the order of the computation.
        tasks: The tasks' names.

    Returns:
        The `<svg>` element.

    Example:

    >>> layers = [NetworkLayer("Dense 8", ("a", "b")), NetworkLayer("Dense 1", ("a",))]
    >>> draw_network(layers, ["a", "b"]).startswith("<svg")
    True
    """
    shared = [layer for layer in layers if len(layer.tasks) > 1 or len(tasks) == 1]
    trunk = [_title(layer, len(tasks)) for layer in _shorten(shared)]
    heads = []
    for task in tasks[:MOST_HEADS]:
        own = [layer for layer in layers if layer.tasks == (task,)] * (len(tasks) > 1)
        heads.append((task, " → ".join(layer.text for layer in own) or "output"))
    if len(tasks) > MOST_HEADS:
        heads.append((f"and {len(tasks) - MOST_HEADS} more tasks", ""))
    step = BOX_HEIGHT + GAP
    height = max(len(trunk), len(heads)) * step + GAP
    left, right = GAP, 2 * BOX_WIDTH
    parts = []
    top = (height - len(trunk) * step) / 2 + GAP / 2
    for index, (name, detail) in enumerate(trunk):
        y = top + index * step
        parts.append(_box(left, y, name, detail, "0.08"))
        if index:
            middle = left + BOX_WIDTH / 2
            parts.append(_line(middle, y - GAP, middle, y))
    end = top + (len(trunk) - 1) * step + BOX_HEIGHT / 2
    start = (height - len(heads) * step) / 2 + GAP / 2
    for index, (name, detail) in enumerate(heads):
        y = start + index * step
        parts.append(_line(left + BOX_WIDTH, end, right, y + BOX_HEIGHT / 2))
        parts.append(_box(right, y, name, detail, "0"))
    width = right + BOX_WIDTH + GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" '
        f'fill="currentColor" font-size="{FONT}">{"".join(parts)}</svg>'
    )


def _shorten(layers: Sequence[NetworkLayer]) -> list[NetworkLayer]:
    if len(layers) <= MOST_LAYERS:
        return list(layers)
    half = MOST_LAYERS // 2
    left_out = layers[half:-half]
    between = NetworkLayer(
        f"... {len(left_out)} more layers",
        left_out[0].tasks,
        sum(layer.parameters for layer in left_out),
    )
    return [*layers[:half], between, *layers[-half:]]


def _title(layer: NetworkLayer, tasks: int) -> tuple[str, str]:
    details = []
    if layer.parameters:
        details.append(f"{layer.parameters} parameters")
    if len(layer.tasks) < tasks:
        details.append(f"for {', '.join(layer.tasks)}")
    return layer.text, ", ".join(details)


def _box(x: float, y: float, name: str, detail: str, shade: str) -> str:
    parts = [
        f'<rect x="{x:g}" y="{y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="5" '
        f'fill-opacity="{shade}" stroke="currentColor" stroke-opacity="0.5"/>'
    ]
    middle = x + BOX_WIDTH / 2
    for text, offset, weight in ((name, 14, "600"), (detail, 28, "400")):
        if text:
            below = offset if detail else 21
            parts.append(
                f'<text x="{middle:g}" y="{y + below:g}" text-anchor="middle" '
                f'font-weight="{weight}">{escape(printable(_cut(text)))}</text>'
            )
    return "".join(parts)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" '
        'stroke="currentColor" stroke-opacity="0.5"/>'
    )


def _cut(text: str) -> str:
    most = 36
    return text if len(text) <= most else f"{text[: most - 1]}…"
