"""Heads in closed form on the trunks of a run's members."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_mtl.configuration.fit_config import ModelSettings
from keras_mtl.features import build_encoder, encode_frame
from keras_mtl.model import MultiTaskModel
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.transferred_core import Transferred
from keras_mtl.tasks import Task
from keras_mtl.training import MemberFit
from keras_mtl.transfer.closed_form_head import (
    CLOSED_FORM_KINDS,
    head_labels,
    member_posterior,
    set_head,
)
from keras_mtl.transfer.new_heads import build_on_trunk
from keras_mtl.transfer.prior import HeadLabels
from keras_mtl.transfer.trunk import set_frozen

__all__ = ["fit_in_closed_form"]


def fit_in_closed_form(
    data: PreparedData,
    transferred: Transferred,
    tasks: Sequence[Task],
    matrix: np.ndarray,
    common: ModelSettings,
) -> MemberFit:
    """Put Bayesian heads on the trunks of a run's members.

    The prior of each member's heads is learned from the training rows of the run that
    the trunks come from. All training rows are used, since a fit without training needs
    no validation rows.

    Args:
        data: The rows of the new tasks, and the rows of the run.
        transferred: The network and the trunks.
        tasks: The new tasks, adapted.
        matrix: The encoded rows of the new tasks, (N, columns).
        common: The settings of the network.

    Returns:
        One member per trunk, with a history of one epoch.
    """
    source_matrix, sources = _source_labels(data)
    rows = data.train_rows
    inputs = matrix[rows]
    if transferred.fill is not None:
        inputs = transferred.fill(inputs)
    members = []
    for trunk in transferred.trunks:
        set_frozen(trunk, True)
        member = build_on_trunk(
            trunk,
            [task.replace(widths=()) for task in tasks],
            prepare=transferred.fill,
            width=None if transferred.fill is None else matrix.shape[1],
            activation=common.activation,
        )
        features = trunk.predict(inputs, verbose=0)
        source_features = trunk.predict(source_matrix, verbose=0)
        for task in tasks:
            own = head_labels(task, data.labels[task.name][rows].astype("float64"))
            _, posterior = member_posterior(features, own, source_features, sources)
            set_head(member, task, posterior)
        members.append(member)
    losses = np.array([_losses(member, data, matrix[rows]) for member in members])
    names = ["loss", *(f"{task.name}_loss" for task in tasks)]
    history = {name: losses[:, index][None] for index, name in enumerate(names)}
    return MemberFit.of_models(members, history)


def _source_labels(data: PreparedData) -> tuple[np.ndarray, list[HeadLabels]]:
    """Return the encoded training rows of the run, and its tasks' labels."""
    run, source = data.source_run, data.source_data
    assert run is not None
    assert source is not None
    encoder = build_encoder(run.features)
    matrix = encode_frame(encoder, run.features, source.rows)[source.train_rows]
    labels = [
        head_labels(task, source.labels[task.name][source.train_rows])
        for task in run.tasks
        if isinstance(task, CLOSED_FORM_KINDS)
    ]
    return matrix, labels


def _losses(
    member: MultiTaskModel, data: PreparedData, inputs: np.ndarray
) -> list[float]:
    """Return the joint loss of the training rows, and the loss of each task."""
    outputs = member.predict(inputs, verbose=0)
    losses = []
    for task in member.tasks:
        labels = data.labels[task.name][data.train_rows]
        losses.append(float(task.loss()(labels, outputs[task.name])))
    weights = [task.loss_weight for task in member.tasks]
    return [float(np.dot(losses, weights)), *losses]
