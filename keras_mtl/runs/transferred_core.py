"""The network of a run on the trunk of another run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd

from keras_mtl.configuration.source_run import SourceRun
from keras_mtl.features import (
    Feature,
    build_encoder,
    feature_arrays,
    feature_tensors,
)
from keras_mtl.layers import FillColumns
from keras_mtl.model import MultiTaskModel
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.serving import load_model
from keras_mtl.tasks import Task
from keras_mtl.training import Pretrained, layer_values
from keras_mtl.transfer.new_heads import build_on_trunk
from keras_mtl.transfer.trunk import TRUNK, copy_trunk, set_frozen, trained_members

__all__ = [
    "Transferred",
    "labeled_rows",
    "learned_features",
    "transfer_core",
]


@dataclass(frozen=True)
class Transferred:
    """The network of a new task, and the trunks that it starts from.

    Attributes:
        core: The network for the encoded matrix of the present features.
        pretrained: The values of the trunk, for each member of the run.
        trunks: The trunks of the members, whose input is the encoded matrix of all
            features of the run.
        fill: The layer that adds the columns of absent features; None if all are
            present.
    """

    core: MultiTaskModel
    pretrained: Pretrained
    trunks: Sequence[keras.Model]
    fill: FillColumns | None


def learned_features(data: PreparedData) -> tuple[Feature, ...]:
    """Return the present features with the statistics of the run with the trunk."""
    assert data.source_run is not None
    learned = {each.column_name: each for each in data.source_run.features}
    return tuple(learned[feature.column_name] for feature in data.features)


def transfer_core(
    data: PreparedData, features: Sequence[Feature], tasks: Sequence[Task]
) -> Transferred:
    """Build the network of a run on the trunk of another run.

    Args:
        data: The result of `prepare_data`.
        features: The features from `learned_features`.
        tasks: The tasks, adapted.
    """
    run = data.source_run
    assert run is not None
    settings, common = data.config.transfer, data.config.model
    trunks = [copy_trunk(member) for member in trained_members(_load(run))]
    for trunk in trunks:
        set_frozen(trunk, frozen=False)
    fill = _fill(run.features, features)
    width = sum(len(feature.encoded_names) for feature in features)
    core = build_on_trunk(
        trunks[0],
        tasks,
        prepare=fill,
        width=None if fill is None else width,
        activation=common.activation,
        batch_norm=common.batch_norm,
    )
    pretrained = Pretrained(
        TRUNK,
        [layer_values(trunk) for trunk in trunks],
        settings.frozen_epochs,
        settings.trunk_rate,
    )
    return Transferred(core, pretrained, trunks, fill)


def labeled_rows(rows: np.ndarray, labels: dict[str, np.ndarray]) -> np.ndarray:
    """Return the rows that have a label of any task.

    If labels are rare, most batches of all rows would have one label or none.
    """
    known = np.zeros(len(next(iter(labels.values()))), bool)
    for values in labels.values():
        known |= ~np.isnan(np.reshape(values, (len(values), -1))).all(axis=1)
    return rows[known[rows]]


def _load(run: SourceRun) -> MultiTaskModel:
    return load_model(run.model_path)


def _fill(every: Sequence[Feature], present: Sequence[Feature]) -> FillColumns | None:
    """Return the layer that adds the columns of absent features, as if missing."""
    names = {feature.name for feature in present}
    absent = [feature for feature in every if feature.name not in names]
    if not absent:
        return None
    row = pd.DataFrame(index=[0])
    encoder = build_encoder(absent)
    values = encoder(feature_tensors(feature_arrays(absent, row))).numpy()[0]
    positions: list[int] = []
    others: list[int] = []
    first = 0
    for feature in every:
        width = len(feature.encoded_names)
        chosen = positions if feature.name in names else others
        chosen += range(first, first + width)
        first += width
    return FillColumns(positions, others, values.tolist(), name="absent_columns")
