"""Tables of what a trained model shares: experts, stitches, distances of trunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd

from keras_mtl.analysis.sharing_readout import SharingReadout, sharing_sentences
from keras_mtl.blocks.model_graph import (
    call_like_core,
    core_model,
    graph_nodes,
    node_of,
)
from keras_mtl.layers import (
    CrossStitch,
    ExpertGate,
    MixExperts,
    MixLayers,
    MixOwnExperts,
    RenormalizeGate,
    SelectGate,
    StackedDense,
)
from keras_mtl.model import MultiTaskModel

__all__ = ["expert_use", "read_sharing", "stitches", "trunk_distances"]


@dataclass(frozen=True)
class _Gate:
    """A gate and the experts that it weighs."""

    layer: Any
    weights: Any
    tasks: tuple[str, ...]
    experts: tuple[tuple[str, ...], ...]


def read_sharing(model: MultiTaskModel, x: Any) -> SharingReadout:
    """Read what the tasks of a model share.

    Args:
        model: A model. If it is an ensemble from `average_members`, all members are
            read.
        x: The inputs of the model.

    Raises:
        ValueError: If the model has gates of auxiliary tasks but not these tasks.

    Example:

    >>> from keras_mtl.architectures import build_cross_stitch
    >>> from keras_mtl.tasks import BinaryTask
    >>> model = build_cross_stitch(3, [BinaryTask("heart"), BinaryTask("stroke")])
    >>> readout = read_sharing(model, np.ones((5, 3), "float32"))
    >>> len(readout.stitches), len(readout.experts), readout.sentences
    (8, 0, ())
    """
    use = expert_use(model, x)
    return SharingReadout(
        use, stitches(model), trunk_distances(model), tuple(sharing_sentences(use))
    )


def expert_use(model: MultiTaskModel, x: Any, batch_size: int = 1024) -> pd.DataFrame:
    """Measure how much each gate uses each expert.

    Args:
        model: See `read_sharing`.
        x: The inputs of the model.
        batch_size: The number of rows per call of the model.

    Returns:
        A DataFrame with one row per member, gate and expert, and these columns:
        `member`, from 0; `layer`, the name of the gate; `task`, or `"shared"` for the
        gate of a shared stream; `expert`, such as `"expert 1"`, `"shared 1"`, or
        `"heart 1"` for an expert of a task; `mean`, the mean weight over the rows;
        `leads`, the share of rows on which the expert has the largest weight;
        `entropy`, the mean entropy of the gate's weights, from 0 for a single expert to
        1 for equal weights; and `most`, the largest number of experts that the gate can
        use, which is smaller than their number only for the sparse gates of DSelect-k.

    Example:

    >>> from keras_mtl.architectures import build_mmoe
    >>> from keras_mtl.tasks import BinaryTask
    >>> model = build_mmoe(3, [BinaryTask("heart"), BinaryTask("stroke")])
    >>> use = expert_use(model, np.ones((5, 3), "float32"))
    >>> len(use), float(use.loc[use["task"] == "heart", "mean"].sum().round(3))
    (16, 1.0)
    """
    columns = ["member", "layer", "task", "expert", "mean", "leads", "entropy", "most"]
    found = [
        (member, gate, weights)
        for member, core, call in _members(model)
        if (gates := _gates(core))
        for gate, weights in zip(
            gates, call([gate.weights for gate in gates]), strict=True
        )
    ]
    if not found:
        return pd.DataFrame(columns=columns)
    # The gates of all members are one model, which is traced and run once.
    reader = keras.Model(model.input, [weights for _, _, weights in found])
    values = reader.predict(x, batch_size=batch_size, verbose=0)
    values = [values] if len(found) == 1 else values
    rows = [
        row
        for (member, gate, _), weights in zip(found, values, strict=True)
        for row in _rows_of_gate(member, gate, np.asarray(weights))
    ]
    return pd.DataFrame(rows, columns=columns)


def _rows_of_gate(
    member: int, gate: _Gate, weights: np.ndarray
) -> list[tuple[int, str, str, str, float, float, float, int]]:
    """Return the rows of a gate's weights, (N, T, E)."""
    experts = weights.shape[2]
    leaders = weights.argmax(axis=2)
    logs = np.log(np.maximum(weights, 1e-12))
    most = min(getattr(gate.layer, "selectors", experts), experts)
    entropies = -(weights * logs).sum(axis=2).mean(axis=0) / np.log(max(experts, 2))
    return [
        (
            member,
            gate.layer.name,
            task,
            gate.experts[number][expert],
            float(weights[:, number, expert].mean()),
            float((leaders[:, number] == expert).mean()),
            float(entropies[number]),
            most,
        )
        for number, task in enumerate(gate.tasks)
        for expert in range(experts)
    ]


def stitches(model: MultiTaskModel) -> pd.DataFrame:
    """Read the learned mixing weights of trunks and of layers.

    Args:
        model: See `read_sharing`.

    Returns:
        A DataFrame with one row per member, mix, task and source, and these columns:
        `member`; `layer`, the name of the mix; `task`, whose stream is computed;
        `source`, a stream of a task or a layer; and `weight`, the weight of the source,
        as a mean over units if each has its own. The subspaces of sluice networks are
        numbered: `"heart 1"`.
    """
    rows = []
    for member, core, _ in _members(model):
        names = [task.name for task in core.tasks]
        for layer in core.layers:
            if isinstance(layer, CrossStitch):
                mix = layer.stitches
                mix = mix.mean(axis=2) if mix.ndim == 3 else mix
                readers = sources = _numbered(names, layer.subspaces)
            elif isinstance(layer, MixLayers):
                mix = layer.weights_of_layers
                readers = names
                sources = [f"layer {index + 1}" for index in range(mix.shape[1])]
            else:
                continue
            rows += [
                (member, layer.name, reader, source, float(mix[i, j]))
                for i, reader in enumerate(readers)
                for j, source in enumerate(sources)
            ]
    return pd.DataFrame(rows, columns=["member", "layer", "task", "source", "weight"])


def trunk_distances(model: MultiTaskModel) -> pd.DataFrame:
    """Measure the distances between the tasks' trunks.

    Args:
        model: See `read_sharing`.

    Returns:
        A DataFrame with one row per member, layer of the trunks and pair of tasks, and
        the columns `member`, `layer`, `task`, `other` and `distance`. The distance is
        the norm of the difference of the two kernels, divided by the square root of the
        product of their norms. It is 0 for equal kernels and about 1.4 for unrelated
        ones.

    Example:

    >>> from keras_mtl.architectures import build_soft_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> model = build_soft_sharing(3, [BinaryTask("heart"), BinaryTask("stroke")])
    >>> trunk_distances(model)["layer"].tolist()
    ['trunk_1', 'trunk_2']
    """
    rows = []
    for member, core, _ in _members(model):
        names = [task.name for task in core.tasks]
        for layer in core.layers:
            is_trunk = isinstance(layer, StackedDense) and layer.stack == len(names)
            if not is_trunk or not layer.name.startswith("trunk_"):
                continue
            kernels = keras.ops.convert_to_numpy(layer.kernel)
            norms = np.sqrt((kernels**2).sum(axis=(1, 2)))
            for i, first in enumerate(names):
                for j in range(i + 1, len(names)):
                    size = np.sqrt(max(norms[i] * norms[j], 1e-30))
                    distance = float(np.linalg.norm(kernels[i] - kernels[j]) / size)
                    rows.append((member, layer.name, first, names[j], distance))
    return pd.DataFrame(rows, columns=["member", "layer", "task", "other", "distance"])


def _members(model: MultiTaskModel) -> Iterator[tuple[int, MultiTaskModel, Any]]:
    """Yield each member with its number and a function to call a part of it.

    The function maps tensors of the member to the same tensors as functions of the
    inputs of the whole model.
    """
    core = core_model(model)
    inner = [layer for layer in core.layers if isinstance(layer, MultiTaskModel)]
    for number, member in enumerate(inner or [core]):

        def call(tensors: Sequence[Any], member: MultiTaskModel = member) -> list[Any]:
            part = keras.Model(member.input, tensors)
            # A member is called on the inputs of the averaging model.
            whole = part if not inner else keras.Model(core.input, part(core.input))
            outputs = keras.tree.flatten(call_like_core(model, whole)(model.input))
            # Rows come first, since `predict` joins batches on the first axis.
            return [_RowsFirst()(each) for each in outputs]

        yield number, member, call


class _RowsFirst(keras.layers.Layer):
    """Layer that transposes weights from (T, E, N) to (N, T, E)."""

    def call(self, inputs):
        return keras.ops.transpose(inputs, (2, 0, 1))

    def compute_output_shape(self, input_shape):
        return (input_shape[2], input_shape[0], input_shape[1])


def _gates(core: MultiTaskModel) -> list[_Gate]:
    """Return the gates of a model, in the order of its graph."""
    names = tuple(task.name for task in core.tasks)
    gates: list[_Gate] = []
    seen: set[int] = set()
    for node in graph_nodes(core.outputs):
        if not isinstance(node.operation, MixExperts | MixOwnExperts):
            continue
        weights, *experts = node.input_tensors
        weights = _before_dropout(weights)
        layer = node_of(weights).operation
        if not isinstance(layer, ExpertGate | SelectGate) or id(layer) in seen:
            continue
        seen.add(id(layer))
        # A gate of the shared stream has no task.
        tasks = names if _is_by_task(node, len(names)) else ("shared",)
        if weights.shape[0] != len(tasks):
            raise ValueError(
                "Invalid value received for argument `model`. Expected a model with "
                "all tasks that it was trained on. Received: gates of "
                f"{weights.shape[0]} tasks in a model of "
                f"{', '.join(map(repr, names))}. Read the model before "
                "`without_auxiliary`, or a run's `training_model.keras`."
            )
        labels = _expert_names(node.operation, experts, names, weights.shape[1])
        gates.append(_Gate(layer, weights, tasks, labels))
    return gates


def _is_by_task(mix: Any, tasks: int) -> bool:
    weights, experts, *_ = mix.input_tensors
    is_shared_stream = isinstance(node_of(experts).operation, keras.layers.Concatenate)
    return weights.shape[0] == tasks and not is_shared_stream


def _before_dropout(weights: Any) -> Any:
    """Return the weights of a gate at inference."""
    node = node_of(weights)
    return (
        node.input_tensors[1]
        if isinstance(node.operation, RenormalizeGate)
        else (weights)
    )


def _expert_names(
    layer: Any, experts: Sequence[Any], tasks: tuple[str, ...], count: int
) -> tuple[tuple[str, ...], ...]:
    """Return the names of the experts of each gate."""
    if isinstance(layer, MixOwnExperts):
        own = experts[0].shape[0] // len(tasks)
        shared = [f"shared {index + 1}" for index in range(count - own)]
        return tuple((*_numbered([task], own, True), *shared) for task in tasks)
    parents = node_of(experts[0]).input_tensors
    if len(parents) == 2 and isinstance(
        node_of(experts[0]).operation, keras.layers.Concatenate
    ):
        own = parents[0].shape[0] // len(tasks)
        shared = [f"shared {index + 1}" for index in range(parents[1].shape[0])]
        return ((*_numbered(tasks, own, True), *shared),) * len(tasks)
    return (tuple(f"expert {index + 1}" for index in range(count)),) * len(tasks)


def _numbered(names: Sequence[str], times: int, always: bool = False) -> list[str]:
    if times == 1 and not always:
        return list(names)
    return [f"{name} {index + 1}" for name in names for index in range(times)]
