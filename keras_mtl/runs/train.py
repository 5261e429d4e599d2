"""Training of a run's model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import keras
import numpy as np

from keras_mtl._core.memory import give_back_memory, release_in_turn
from keras_mtl.analysis import (
    SharingReadout,
    activity_sentences,
    read_sharing,
    unit_activity,
)
from keras_mtl.architectures import (
    Solution,
    average_members,
    build_architecture,
    calibrate_model,
    join_encoder,
    solved_settings,
    without_auxiliary,
)
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.engine.replicas import Replicas
from keras_mtl.engine.shared_arrays import aligned_array
from keras_mtl.features import (
    Feature,
    build_encoder,
    encode_frame,
    encode_parts,
    learn_features,
)
from keras_mtl.model import MultiTaskModel
from keras_mtl.report.fit_facts import RowSample
from keras_mtl.runs.calibration import (
    Calibration,
    learn_calibration,
    wants_calibration,
)
from keras_mtl.runs.closed_form_fit import fit_in_closed_form
from keras_mtl.runs.feature_effects import (
    FeatureEffects,
    column_blocks,
    feature_effects,
)
from keras_mtl.runs.own_intervals import own_intervals
from keras_mtl.runs.predictions import (
    matrix_predictor,
    predict_held_out,
    predict_matrix,
)
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.solve import solve_rows
from keras_mtl.runs.transferred_core import (
    Transferred,
    labeled_rows,
    learned_features,
    transfer_core,
)
from keras_mtl.tables.disk_array import disk_array
from keras_mtl.tasks import Task
from keras_mtl.training import MemberFit, Progress, fit_members

__all__ = ["TrainedRun", "build_core", "train_run"]

# The number of rows for the mean of a gate.
SHARING_ROWS = 2000


@dataclass(frozen=True)
class TrainedRun:
    """Result of training a run.

    Attributes:
        model: The raw-feature model: all members, averaged, without auxiliary
            tasks.
        training_model: The same model with auxiliary tasks and without calibration, to
            resume training; None without auxiliary tasks.
        tasks: All trained tasks, with the results of the calibration.
        outputs: The outputs for all rows by task name, (N, units).
        fit: The members and their history.
        parameters: The number of one member's trainable parameters.
        idle_units: One sentence per layer that has idle units, which are dead or
            saturated on all training rows.
        calibration: The results of the calibration, which the model includes.
        sharing: What the tasks share, measured on at most 2000 training rows.
        effects: The effects of features on predictions of held-out rows.
        solution: The result of an architecture in closed form; None for a trained one.
    """

    model: MultiTaskModel
    training_model: MultiTaskModel | None
    tasks: tuple[Task, ...]
    outputs: dict[str, np.ndarray]
    fit: MemberFit
    parameters: int
    idle_units: list[str]
    calibration: Calibration
    sharing: SharingReadout
    effects: FeatureEffects = field(default_factory=FeatureEffects)
    solution: Solution | None = None


def build_core(
    config: FitConfig,
    tasks: Sequence[Task],
    width: int,
    features: Sequence[Feature] | None = None,
) -> MultiTaskModel:
    """Build the network that settings describe, for an encoded matrix.

    Args:
        config: The settings.
        tasks: The resolved tasks.
        width: The number of columns of the matrix.
        features: See `build_architecture`.
    """
    model = build_architecture(
        config.model.architecture, width, tasks, config.model, features
    )
    model.name = "core"
    return model


def train_run(
    data: PreparedData,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    resume_from: Progress | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    replicas: Replicas | None = None,
    release_rows: bool = False,
    sample: RowSample | None = None,
) -> TrainedRun:
    """Train the model that a run's settings describe.

    Args:
        data: The result of `prepare_data`.
        on_epoch: See `fit_members`.
        resume_from: See `fit_members`.
        on_progress: See `fit_members`.
        replicas: See `fit_members`.
        release_rows: Whether to release the raw rows after encoding.
        sample: The rows from `sample_rows`, for the effects of features; None measures
            no effects.

    Returns:
        The trained model and its history.
    """
    config = data.config
    keras.utils.set_random_seed(config.seed)
    rows = data.train_rows
    if data.source_run is None:
        features = learn_features(data.features, data.rows, rows)
    else:
        features = learned_features(data)
    tasks = [task.learn(data.labels[task.name][rows]) for task in data.tasks]
    encoder = build_encoder(features)
    width = encoder.output_shape[-1]
    transferred = None
    if data.source_run is None:
        core = build_core(config, tasks, width, features)
    else:
        transferred = transfer_core(data, features, tasks)
        core = transferred.core
    matrix = _encode(data, encoder, features, release_rows)
    fit, solution = _fit_without_training(
        data, core, transferred, features, tasks, matrix
    )
    if fit is None:
        own_rows = data.members.train
        if transferred is not None:
            own_rows = [labeled_rows(each, data.labels) for each in own_rows]
        fit = fit_members(
            core,
            matrix,
            data.labels,
            config.training,
            rows=own_rows,
            validation_rows=data.members.validation,
            seed=config.seed,
            sample_weight=data.sample_weight,
            on_epoch=on_epoch,
            resume_from=resume_from,
            on_progress=on_progress,
            replicas=replicas,
            pretrained=None if transferred is None else transferred.pretrained,
        )
    give_back_memory()
    whole = average_members(fit.members)
    read = rows[:: -(-len(rows) // SHARING_ROWS)]
    sharing = read_sharing(whole, np.asarray(matrix[read]))
    average = whole
    if any(task.auxiliary for task in tasks):
        average = average_members([without_auxiliary(each) for each in fit.members])
    if solution is None:
        calibration = _calibration(data, average.tasks, fit, matrix)
    else:
        # Solved architectures have no members that hold rows out.
        calibration = own_intervals(average.tasks, config.training)
    final = calibrate_model(average, calibration.temperatures, calibration.tasks)
    predict = matrix_predictor(final)
    outputs = predict(matrix)
    training_model = None
    if len(final.tasks) < len(tasks):
        # The exact predictions of the final model, with the outputs of auxiliary tasks.
        outputs = {**predict_matrix(whole, matrix), **outputs}
        training_model = join_encoder(encoder, whole, features, name=config.model.name)
    learned = {task.name: task for task in calibration.tasks}
    return TrainedRun(
        join_encoder(encoder, final, features, name=config.model.name),
        training_model,
        tuple(learned.get(task.name, task) for task in whole.tasks),
        outputs,
        fit,
        int(fit.members[0].count_params()),
        list(activity_sentences(unit_activity(final, matrix, rows=rows))),
        calibration,
        sharing,
        _effects(data, predict, features, final.tasks, matrix, sample),
        solution,
    )


def _encode(
    data: PreparedData,
    encoder: keras.Model,
    features: Sequence[Feature],
    release_rows: bool,
) -> np.ndarray:
    """Encode all rows, with statistics of the training rows."""
    shape = (len(data.rows), encoder.output_shape[-1])
    matrix = disk_array(shape, "float32") if data.on_disk else aligned_array(shape)
    if release_rows:
        parts = data.release_rows()
        give_back_memory()
        encode_parts(encoder, features, release_in_turn(parts), out=matrix)
        give_back_memory()
    else:
        encode_frame(encoder, features, data.rows, out=matrix)
    return matrix


def _fit_without_training(
    data: PreparedData,
    core: MultiTaskModel,
    transferred: Transferred | None,
    features: Sequence[Feature],
    tasks: Sequence[Task],
    matrix: np.ndarray,
) -> tuple[MemberFit | None, Solution | None]:
    """Compute the weights by a formula or a solver if the settings choose one."""
    config = data.config
    if transferred is not None and config.transfer.head == "bayesian":
        fit = fit_in_closed_form(data, transferred, tasks, matrix, config.model)
        return fit, None
    solved = solved_settings(config.model.architecture, config.model)
    if solved is None:
        return None, None
    names = [name for each in features for name in each.encoded_names]
    return solve_rows(
        solved,
        core,
        matrix,
        data,
        data.train_rows,
        config.training,
        names,
        config.seed,
    )


def _effects(
    data: PreparedData,
    predict: Callable[[np.ndarray], dict[str, np.ndarray]],
    features: Sequence[Feature],
    tasks: Sequence[Task],
    matrix: np.ndarray,
    sample: RowSample | None,
) -> FeatureEffects:
    """Measure the effects of features on held-out predictions, if requested."""
    repeats = data.config.report.importance_repeats
    if sample is None or not repeats:
        return FeatureEffects()
    held_out = sample.test_rows
    return feature_effects(
        predict,
        matrix[held_out],
        column_blocks(features),
        {str(name): column for name, column in sample.test.items()},
        tasks,
        {name: each[held_out] for name, each in data.labels.items()},
        np.arange(len(held_out)),
        repeats,
        seed=data.config.seed,
    )


def _calibration(
    data: PreparedData, tasks: Sequence[Task], fit: MemberFit, matrix: np.ndarray
) -> Calibration:
    """Learn the calibration from the predictions of validation rows."""
    settings = data.config.training
    validation = data.members.validation
    if validation is None or not wants_calibration(settings, tasks):
        return Calibration(tuple(tasks))
    # One network gets each member's weights in turn, which is faster than tracing each
    # network.
    network = fit.members[0]
    outputs_of = matrix_predictor(network)

    def predict(member: int, inputs: np.ndarray) -> dict[str, np.ndarray]:
        fit.members.copy_weights(member, network)
        return outputs_of(inputs)

    rows, outputs = predict_held_out(predict, matrix, validation)
    fit.members.copy_weights(0, network)
    labels = {task.name: data.labels[task.name][rows] for task in tasks}
    return learn_calibration(tasks, settings, labels, outputs)
