"""Networks of groups of tasks, chosen by the affinities of each fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from keras_mtl.comparison.candidates import Candidate
from keras_mtl.comparison.encoding import FoldEncoder
from keras_mtl.comparison.folds import Fold
from keras_mtl.comparison.networks import OnEpoch, train_networks
from keras_mtl.comparison.sharing_reasons import fold_grouping
from keras_mtl.comparison.store import FoldFit
from keras_mtl.runs.prepared_data import PreparedData

__all__ = ["train_grouped_networks"]


def train_grouped_networks(
    candidate: Candidate,
    folds: Sequence[Fold],
    shared: Sequence[FoldFit],
    data: PreparedData,
    encode: FoldEncoder,
    on_epoch: OnEpoch | None = None,
) -> list[FoldFit]:
    """Train one network per group of tasks, with the grouping of each fold.

    Folds with a common group train the networks of the group in one program.

    Args:
        candidate: The candidate.
        folds: The folds.
        shared: The fit of one network for all tasks in each fold, whose gradients
            choose the groups.
        data: The rows.
        encode: The encoder of the rows for a fold.
        on_epoch: See `fit_members`.

    Returns:
        One `FoldFit` per fold, with the outputs of all tasks.
    """
    tasks = {task.name: task for task in candidate.config.tasks}
    groupings = [fold_grouping(candidate.config.tasks, fit) for fit in shared]
    groups = dict.fromkeys(group for each in groupings for group in each.groups)
    fits = [FoldFit() for _ in folds]
    for group in groups:
        if all(tasks[name].auxiliary for name in group):
            continue  # No other task uses the network of this group.
        own = [i for i, each in enumerate(groupings) if group in each.groups]
        # A single task shares nothing, whatever the architecture.
        network = replace(
            candidate, form="multi-task" if len(group) > 1 else "same widths"
        )
        found = train_networks(
            network,
            [tasks[name] for name in group],
            [folds[i] for i in own],
            data,
            encode,
            on_epoch,
        )
        for index, fit in zip(own, found, strict=True):
            fits[index] = _join(fits[index], fit)
    return fits


def _join(one: FoldFit, other: FoldFit) -> FoldFit:
    return FoldFit(
        outputs={**one.outputs, **other.outputs},
        epochs=[*one.epochs, *other.epochs],
        parameters=one.parameters + other.parameters,
        seconds=one.seconds + other.seconds,
        failure=" ".join(each.failure for each in (one, other) if each.failure),
    )
