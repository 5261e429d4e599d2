"""Results of reading what a model shares: tables, sentences, maps.

This module has no slow imports: the process that draws a report needs it without Keras.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = [
    "SharingMap",
    "SharingReadout",
    "gate_overlaps",
    "sharing_maps",
    "sharing_sentences",
]

# A gate that gives one expert more than this share of its weight has collapsed.
COLLAPSED = 0.95
# An expert to which no gate gives more than this share is unused.
UNUSED = 0.01
# A task that gives its own experts less than this share ignores them.
IGNORED = 0.05


# The largest numbers of cells for a readable table and for numbers in a map.
MOST_CELLS = 200


@dataclass(frozen=True)
class SharingReadout:
    """Results of `read_sharing`: what the tasks of a model share.

    A DataFrame is empty if the model has no layers of this kind.

    Attributes:
        experts: See `expert_use`.
        stitches: See `stitches`.
        distances: See `trunk_distances`.
        sentences: See `sharing_sentences`.
    """

    experts: pd.DataFrame
    stitches: pd.DataFrame
    distances: pd.DataFrame
    sentences: tuple[str, ...]


def sharing_sentences(use: pd.DataFrame) -> list[str]:
    """Describe problems in the use of experts.

    Args:
        use: A table from `expert_use`.

    Returns:
        One sentence per gate that has collapsed onto one expert, per expert that no
        gate uses, and per task that ignores its own experts, with the number of members
        that have the problem.

    Example:

    >>> use = pd.DataFrame(
    ...     [(0, "gate", "heart", "expert 1", 0.995, 1.0, 0.02),
    ...      (0, "gate", "heart", "expert 2", 0.005, 0.0, 0.02)],
    ...     columns=["member", "layer", "task", "expert", "mean", "leads", "entropy"],
    ... )
    >>> for sentence in sharing_sentences(use):
    ...     print(sentence)
    gate: the gate of 'heart' has collapsed onto expert 1 (99% of its weight).
    gate: no task uses expert 2 (at most 1% of its gate's weight).
    """
    if use.empty:
        return []
    members = use["member"].nunique()
    found: dict[str, int] = {}
    for _, member in use.groupby("member", sort=False):
        for sentence in _sentences_of_member(member):
            found[sentence] = found.get(sentence, 0) + 1
    if members == 1:
        return [f"{sentence}." for sentence in found]
    return [
        f"{sentence}, in {count} of {members} members."
        for sentence, count in found.items()
    ]


def _sentences_of_member(use: pd.DataFrame) -> Iterator[str]:
    # A sparse gate chooses a few experts. A single expert, or experts that no task has
    # chosen, are then not a problem.
    most = (
        use["most"] if "most" in use else use.groupby("layer")["mean"].transform("size")
    )
    use = use.assign(most=most)
    for (layer, task), gate in use.groupby(["layer", "task"], sort=False):
        means = dict(zip(gate["expert"], gate["mean"], strict=True))
        best = max(means, key=lambda expert: means[expert])
        if min(len(means), gate["most"].min()) > 1 and means[best] > COLLAPSED:
            yield (
                f"{layer}: the gate of {task!r} has collapsed onto {best} "
                f"({int(100 * means[best])}% of its weight)"
            )
        own = [expert for expert in means if expert.rpartition(" ")[0] == task]
        part = sum(means[expert] for expert in own)
        if 0 < len(own) < len(means) and part < IGNORED:
            yield (
                f"{layer}: {task!r} ignores its own experts (less than 5% of its "
                "gate's weight)"
            )
    for (layer, expert), each in use.groupby(["layer", "expert"], sort=False):
        chosen = use.loc[use["layer"] == layer].groupby("task")["most"].first().sum()
        enough = chosen >= use.loc[use["layer"] == layer, "expert"].nunique()
        if enough and each["mean"].max() <= UNUSED:
            yield f"{layer}: no task uses {expert} (at most 1% of its gate's weight)"


def gate_overlaps(use: pd.DataFrame) -> pd.DataFrame:
    """Measure how much the gates of two tasks use the same experts.

    The experts of different members are unrelated, so a mean of gates over members has
    no meaning. The overlap of two gates can be averaged over members.

    Args:
        use: A table from `expert_use`.

    Returns:
        A DataFrame with one row per member, gate and pair of tasks, and the columns
        `member`, `layer`, `task`, `other` and `overlap`. The overlap is the sum over
        the experts of the smaller of the two mean weights: 1 for equal gates, 0 for
        gates on different experts.

    Example:

    >>> use = pd.DataFrame(
    ...     [(0, "gate", "heart", "expert 1", 0.75),
    ...      (0, "gate", "heart", "expert 2", 0.25),
    ...      (0, "gate", "thal", "expert 1", 0.5),
    ...      (0, "gate", "thal", "expert 2", 0.5)],
    ...     columns=["member", "layer", "task", "expert", "mean"],
    ... )
    >>> gate_overlaps(use)["overlap"].tolist()
    [0.75]
    """
    rows = []
    for (member, layer), gate in use.groupby(["member", "layer"], sort=False):
        # A task's own expert has the weight 0 for other tasks.
        means = gate.pivot(index="task", columns="expert", values="mean").fillna(0)
        names = list(dict.fromkeys(gate["task"]))
        for index, first in enumerate(names):
            for second in names[index + 1 :]:
                overlap = np.minimum(means.loc[first], means.loc[second]).sum()
                rows.append((member, layer, first, second, float(overlap)))
    return pd.DataFrame(rows, columns=["member", "layer", "task", "other", "overlap"])


@dataclass(frozen=True)
class SharingMap:
    """Numbers per task, for a table or a heat map.

    Attributes:
        title: The name of the layer and the meaning of the numbers.
        columns: The meaning of the columns, such as `"expert"`.
        table: The numbers, with one row per task.
    """

    title: str
    columns: str
    table: pd.DataFrame


def sharing_maps(readout: SharingReadout) -> list[SharingMap]:
    """Return the maps of a readout: one per gate, mix and layer of the trunks.

    Numbers are means over the members. Only the weights of numbered experts are those
    of the first member, since the experts of different members are unrelated.

    Args:
        readout: The result of `read_sharing`.
    """
    use = readout.experts
    members = max(1, use["member"].nunique())
    several = f", mean of {members} members" if members > 1 else ""
    found: list[SharingMap] = []
    for layer, part in use.groupby("layer", sort=False):
        is_numbered = part["expert"].str.startswith("expert ").any()
        who = several
        if is_numbered and members > 1:
            part = part[part["member"] == part["member"].min()]
            who = f", first of {members} members"
        title = f"{layer}: mean weight of each expert{who}"
        found.append(SharingMap(title, "expert", _by_task(part, "expert", "mean")))
    for frame, columns, values, what in (
        (gate_overlaps(use), "other", "overlap", "overlap of two tasks' gates"),
        (readout.stitches, "source", "weight", "learned mix"),
        (readout.distances, "other", "distance", "distance between trunks"),
    ):
        for layer, part in frame.groupby("layer", sort=False):
            count = part["member"].nunique()
            mean = f", mean of {count} members" if count > 1 else ""
            table = _by_task(part, columns, values)
            found.append(SharingMap(f"{layer}: {what}{mean}", columns, table))
    return found


def _by_task(frame: pd.DataFrame, columns: str, values: str) -> pd.DataFrame:
    return frame.pivot_table(index="task", columns=columns, values=values, sort=False)
