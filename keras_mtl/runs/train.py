"""Training the model of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from keras_mtl.analysis import activity_sentences, unit_activity
from keras_mtl.architectures import average_members, build_hard_sharing, join_encoder
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.features import build_encoder, encode_frame, learn_features
from keras_mtl.runs.member_split import member_rows
from keras_mtl.runs.prepare import PreparedData
from keras_mtl.tasks import Task
from keras_mtl.training import MemberFit, MultiTaskModel, Progress, fit_members
from keras_mtl.training.replicas import Replicas

__all__ = ["TrainedRun", "build_core", "train_run"]


@dataclass(frozen=True)
class TrainedRun:
    """What training a run gave.

    Attributes:
        model: The raw-feature model: all members, averaged.
        fit: The members and their history.
        parameters: The number of one member's trainable parameters.
        idle_units: A sentence for each layer with units that are of no use:
            dead or saturated on all training rows.
    """

    model: MultiTaskModel
    fit: MemberFit
    parameters: int
    idle_units: list[str]


def build_core(config: FitConfig, tasks: Sequence[Task], width: int) -> MultiTaskModel:
    """Builds the network that settings describe, for an encoded matrix.

    Args:
        config: The settings.
        tasks: The tasks, resolved.
        width: The columns of the matrix.
    """
    return build_hard_sharing(
        width,
        tasks,
        trunk=config.model.trunk,
        activation=config.model.activation,
        dropout=config.model.dropout,
        batch_norm=config.model.batch_norm,
        input_dropout=config.model.input_dropout,
        name="core",
    )


def train_run(
    data: PreparedData,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    resume_from: Progress | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    replicas: Replicas | None = None,
) -> TrainedRun:
    """Trains the model that a run's settings describe.

    Args:
        data: What `prepare_data` prepared.
        on_epoch: See `fit_members`.
        resume_from: See `fit_members`.
        on_progress: See `fit_members`.
        replicas: See `fit_members`.

    Returns:
        The trained model and its history.
    """
    config = data.config
    keras.utils.set_random_seed(config.seed)
    rows = data.train_rows
    features = learn_features(data.features, data.frame.iloc[rows])
    tasks = [task.learn(data.labels[task.name][rows]) for task in data.tasks]
    encoder = build_encoder(features)
    core = build_core(config, tasks, encoder.output_shape[-1])
    # Test rows keep their places and lend no number to what is learned.
    matrix = np.zeros((len(data.frame), encoder.output_shape[-1]), "float32")
    matrix[rows] = encode_frame(encoder, features, data.frame.iloc[rows])
    own = member_rows(rows, data.labels, data.groups, config.training, config.seed)
    fit = fit_members(
        core,
        matrix,
        data.labels,
        config.training,
        rows=own.train,
        validation_rows=own.validation,
        seed=config.seed,
        on_epoch=on_epoch,
        resume_from=resume_from,
        on_progress=on_progress,
        replicas=replicas,
    )
    answer = average_members(fit.members)
    idle = activity_sentences(unit_activity(answer, matrix[rows]))
    model = join_encoder(encoder, answer, features, name=config.model.name)
    return TrainedRun(model, fit, int(core.count_params()), list(idle))
