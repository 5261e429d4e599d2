"""Description of a network by trunks, experts, gates and heads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_mtl.report.network_drawing import NetworkLayer

if TYPE_CHECKING:
    from keras_mtl.model import MultiTaskModel

__all__ = ["network_parts"]

# Layers between the features and a network.
BEFORE = {
    "ColumnScaling": "Factors of columns",
    "IndexEmbedding": "Vectors of words",
    "PeriodicEmbedding": "Periodic embedding",
    "PiecewiseEmbedding": "Piecewise embedding",
}
# Layers that belong to the layer before them, though they may have weights.
FOLLOWING = ("BatchNormalization", "PresentRowsNormalization", "StackedNormalization")
GATES = ("ExpertGate", "SelectGate")
MIXES = ("MixExperts", "MixOwnExperts", "MixLayers", "CrossStitch")
# Layers with their own box, though they have no weights.
APART = (*GATES, *MIXES, "DomainMembership", "ChainedProbability")
DENSE = (
    "Dense",
    "StackedDense",
    "StandardizedOutput",
    "StarDense",
    "TransformedOutput",
)
# Words at the end of a layer's name that distinguish it within its block.
SUFFIXES = ("activation", "dropout", "norm")


# Compared by identity, since parts change while their layers are found.
@dataclass(eq=False)
class _Part:
    nodes: list[Any]
    tasks: set[str]
    inputs: list[_Part] = field(default_factory=list)

    @property
    def layers(self) -> list[Any]:
        return [node.operation for node in self.nodes]

    @property
    def first(self) -> Any:
        return self.layers[0]


def network_parts(model: MultiTaskModel) -> tuple[NetworkLayer, ...]:
    """Describe a network by its parts, in the order of the computation.

    Consecutive layers whose names differ only in a number are one part: the layers of a
    trunk, of experts or of a head. Normalizations, activations, dropout and reshaping
    belong to the part before them.

    Args:
        model: The model of one member: a functional model of an encoded matrix.
    """
    from keras_mtl.blocks.model_graph import graph_nodes, node_of

    # `model.outputs` is sorted by name; a dict names the outputs.
    nodes = graph_nodes([model.output[task.name] for task in model.tasks])
    behind = {
        task.name: {id(node) for node in graph_nodes([model.output[task.name]])}
        for task in model.tasks
    }
    parents = {
        id(node): list({id(n): n for n in map(node_of, node.input_tensors)}.values())
        for node in nodes
    }
    readers: dict[int, int] = {}
    for node in nodes:
        for parent in parents[id(node)]:
            readers[id(parent)] = readers.get(id(parent), 0) + 1
    parts: list[_Part] = []
    # The parts that each node's output comes from: several after a concatenation.
    sources: dict[int, list[_Part]] = {}
    for node in nodes:
        tasks = {name for name, found in behind.items() if id(node) in found}
        before = parents[id(node)]
        read = list(dict.fromkeys(part for p in before for part in sources[id(p)]))
        alone = all(readers[id(parent)] == 1 for parent in before)
        part = _part_of(node, tasks, read, before, alone)
        if part is None and not _is_plain(node.operation):
            part = _Part([], set(), read)
            parts.append(part)
        elif part is None and alone and _is_sum(node.operation, read):
            part = _join(read, parts)
        if part is None:
            sources[id(node)] = read
            continue
        part.nodes.append(node)
        part.tasks |= tasks
        sources[id(node)] = [part]
    # Joining parts keeps the position of the first one, so inputs have to be sorted
    # before their readers again.
    parts = _sorted(parts)
    names = [task.name for task in model.tasks]
    titles = _titles(parts, names)
    counted: set[int] = set()
    return tuple(
        NetworkLayer(
            title,
            tuple(name for name in names if name in part.tasks),
            _parameters(part, counted),
            _detail(part),
            _copies(part),
            tuple(parts.index(source) for source in part.inputs),
        )
        for part, title in zip(parts, titles, strict=True)
    )


def _part_of(
    node: Any,
    tasks: set[str],
    read: Sequence[_Part],
    before: Sequence[Any],
    alone: bool,
) -> _Part | None:
    """Return the part that a layer belongs to, or None for a new one."""
    layer = node.operation
    if len(read) == 1:
        (part,) = read
        if _is_plain(layer):
            return part
        if not alone or tasks != part.tasks or type(layer).__name__ not in DENSE:
            return None
        last = [each for each in part.layers if not _is_plain(each)][-1:]
        same = [each for each in last if _continues(layer, each)]
        tail = part.nodes[-1]
        # After a mask, another part begins.
        is_chain = tail in before and len(tail.input_tensors) == 1
        return part if same and is_chain else None
    # For example, a mask on the tensor from which the mask was computed.
    if _is_plain(layer) and not alone:
        for part in read:
            tail = part.nodes[-1]
            others = [other for other in read if other is not part]
            is_masked = tail in before and _shape(tail) == _shape(node)
            if is_masked and all(other in part.inputs for other in others):
                return part
    return None


def _shape(node: Any) -> Any:
    return node.output_tensors[0].shape


def _is_plain(layer: Any) -> bool:
    """Return whether a layer has no box of its own."""
    kind = type(layer).__name__
    if kind in APART or kind == "InputLayer":
        return False
    return kind in FOLLOWING or not getattr(layer, "weights", ())


def _continues(layer: Any, before: Any) -> bool:
    kinds = {type(layer).__name__, type(before).__name__}
    if not kinds <= {*DENSE}:
        return False
    return (
        _stack(layer) == _stack(before)
        and _stem(layer.name)[:1] == _stem(before.name)[:1]
    )


def _is_sum(layer: Any, read: Sequence[_Part]) -> bool:
    if type(layer).__name__ != "Add" or len(read) < 2:
        return False
    return not any(part in other.inputs for part in read for other in read)


def _join(joined: Sequence[_Part], parts: list[_Part]) -> _Part:
    """Join parts that are summed and have no other readers."""
    first, *others = joined
    for other in others:
        first.nodes = other.nodes + first.nodes
        first.tasks |= other.tasks
        first.inputs += [each for each in other.inputs if each not in first.inputs]
        parts.remove(other)
    parts.remove(first)
    # The inputs of the joined part are the inputs of all parts.
    parts.append(first)
    return first


def _sorted(parts: Sequence[_Part]) -> list[_Part]:
    found: list[_Part] = []

    def visit(part: _Part) -> None:
        if part not in found:
            for source in part.inputs:
                visit(source)
            found.append(part)

    for part in parts:
        visit(part)
    return found


def _stack(layer: Any) -> int:
    for name in ("stack", "gates", "heads"):
        count = getattr(layer, name, None)
        if isinstance(count, int):
            return count
    return 1


def _copies(part: _Part) -> int:
    first = part.first
    if type(first).__name__ in MIXES:
        shape = first.output.shape
        return int(shape[0]) if shape[0] is not None else 1
    return _stack(first)


def _stem(name: str) -> list[str]:
    """Return the words of a layer's name, without those that distinguish it."""
    words = re.split(r"[_-]", name)
    while len(words) > 1 and (words[-1] in SUFFIXES or words[-1].isdigit()):
        words.pop()
    return words


def _titles(parts: Sequence[_Part], tasks: Sequence[str]) -> list[str]:
    mixed = [
        source
        for part in parts
        if any(type(each).__name__.endswith("Experts") for each in part.layers)
        for source in part.inputs
    ]
    titles = []
    for part in parts:
        kind = type(part.first).__name__
        owner = [
            name for name in tasks if any(each.name == name for each in part.layers)
        ]
        if kind == "InputLayer":
            title = "Input"
        elif owner:
            title = owner[0]
        elif kind == "HeadStack":
            title = "Heads"
        elif kind in BEFORE:
            title = BEFORE[kind]
        elif kind == "MixLayers":
            title = "Mix of layers"
        else:
            title = _title_of_names(part)
            if kind == "StackedDense" and part in mixed and "xpert" not in title:
                title += " experts"
        titles.append(title)
    # A number is used only to distinguish parts of the same name.
    bases = [re.sub(r" \d+$", "", title) for title in titles]
    return [
        base if bases.count(base) == 1 and title not in tasks else title
        for title, base in zip(titles, bases, strict=True)
    ]


def _title_of_names(part: _Part) -> str:
    """Return the common words of the names of a part's layers."""
    sums = [each for each in part.layers if type(each).__name__ == "Add"]
    if sums:
        words = re.split(r"[_-]", sums[0].name)
        return " ".join(words[:-1] if words[-1] == "sum" else words).capitalize()
    named = [
        re.split(r"[_-]", each.name)
        for each in part.layers
        if not _is_plain(each) or "Activation" in type(each).__name__
    ]
    common = []
    for same in zip(*named, strict=False):
        if len(set(same)) > 1:
            break
        common.append(same[0])
    return " ".join(common or named[0]).capitalize()


def _detail(part: _Part) -> str:
    first = part.first
    kind = type(first).__name__
    if kind == "InputLayer":
        shape = first.output.shape[1:]
        return f"{' by '.join(map(str, shape))} features"
    if kind == "ColumnScaling":
        return f"{first.output.shape[-1]} columns"
    if kind in BEFORE:
        return f"{len(first.columns)} columns, {first.size} numbers each"
    if kind == "ExpertGate":
        how = "sigmoid" if first.is_sigmoid else "softmax"
        return f"{how} over {first.experts} experts"
    if kind == "SelectGate":
        return f"at most {first.selectors} of {first.experts} experts"
    if kind == "CrossStitch":
        return "mix of all streams"
    if kind == "ChainedProbability":
        return "product of the chain"
    if kind == "HeadStack":
        widths = [*first.widths, first.units]
        activation = getattr(first.output_activation.activation, "__name__", "")
        return ", ".join(filter(None, [_arrows(widths), _named([activation])]))
    dense = [each for each in part.layers if isinstance(_units(each), int)]
    if not dense:
        return "" if kind in APART else kind
    found = [
        getattr(getattr(each, "activation", None), "__name__", "")
        for each in part.layers
    ]
    return ", ".join(filter(None, [_arrows(list(map(_units, dense))), _named(found)]))


def _units(layer: Any) -> Any:
    return getattr(layer, "units", None)


def _arrows(widths: Sequence[int]) -> str:
    return " → ".join(map(str, widths))


def _named(activations: Sequence[str]) -> str:
    kept = dict.fromkeys(name for name in activations if name not in ("", "linear"))
    return ", ".join(kept)


def _parameters(part: _Part, counted: set[int]) -> int:
    total = 0
    for layer in part.layers:
        # The weights of a layer that is called several times count once.
        if id(layer) not in counted:
            counted.add(id(layer))
            variables = getattr(layer, "trainable_variables", ())
            total += sum(int(np.prod(each.shape)) for each in variables)
    return total
