"""The networks of all folds, trained as members of one program."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import keras
import numpy as np

from keras_mtl.architectures import build_architecture
from keras_mtl.comparison.candidates import Candidate
from keras_mtl.comparison.encoding import FoldEncoder
from keras_mtl.comparison.fold_effects import fold_effects, has_effects
from keras_mtl.comparison.folds import Fold
from keras_mtl.comparison.gradient_probe import GradientProbe
from keras_mtl.comparison.kept_labels import training_labels, training_strata
from keras_mtl.comparison.solved_folds import solve_folds
from keras_mtl.comparison.store import FoldFit
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.features import Feature
from keras_mtl.model import MultiTaskModel
from keras_mtl.runs.calibration import (
    Calibration,
    learn_calibration,
    wants_calibration,
)
from keras_mtl.runs.predictions import matrix_predictor, predict_held_out
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.split import member_rows
from keras_mtl.tasks import Task
from keras_mtl.training import MemberSettings, TrainingSettings, fit_members

__all__ = ["build_candidate", "train_networks"]

OnEpoch = Callable[[int, dict[str, float]], None]
# The largest multiple of the widths in the search for a network of a given size.
LARGEST_FACTOR = 64.0


def build_candidate(
    candidate: Candidate,
    tasks: Sequence[Task],
    width: int,
    features: Sequence[Feature] | None = None,
) -> MultiTaskModel:
    """Build the network of a candidate.

    Args:
        candidate: The candidate.
        tasks: The tasks of the candidate that are trained together.
        width: The number of columns of the encoded matrix.
        features: See `build_architecture`.
    """
    config, own = candidate.config, candidate.config.model
    if candidate.form == "multi-task":
        return build_architecture(own.architecture, width, tasks, own, features)
    if candidate.form == "same widths":
        # A single task shares nothing, whatever the architecture.
        return build_architecture("hard-sharing", width, tasks, own, features)
    whole = build_architecture(own.architecture, width, config.tasks, own, features)
    return _of_size(config, tasks, width, features, whole.count_params())


def _of_size(
    config: FitConfig,
    tasks: Sequence[Task],
    width: int,
    features: Sequence[Feature] | None,
    goal: int,
) -> MultiTaskModel:
    """Build a single-task network with about a given number of parameters."""

    def build(factor: float) -> MultiTaskModel:
        def scale(widths: Sequence[int]) -> tuple[int, ...]:
            return tuple(max(1, round(factor * each)) for each in widths)

        return build_architecture(
            "hard-sharing",
            width,
            [task.replace(widths=scale(task.widths)) for task in tasks],
            config.model.replace(trunk=scale(config.model.trunk)),
            features,
        )

    low, high = 0.0, LARGEST_FACTOR
    best, distance = build(1.0), float("inf")
    for _ in range(12):
        middle = (low + high) / 2 if high < LARGEST_FACTOR else max(1.0, 2 * low)
        model = build(middle)
        found = abs(model.count_params() - goal)
        if found < distance:
            best, distance = model, found
        if model.count_params() < goal:
            low = middle
        else:
            high = middle
        if found <= 0.01 * goal or low >= LARGEST_FACTOR:
            break
    return best


def train_networks(
    candidate: Candidate,
    tasks: Sequence[Task],
    folds: Sequence[Fold],
    data: PreparedData,
    encode: FoldEncoder,
    on_epoch: OnEpoch | None = None,
) -> list[FoldFit]:
    """Train the members of a candidate for several folds in one program.

    A member ends with the same weights as alone. The fit of a fold therefore does not
    depend on the folds that are trained with it.

    Args:
        candidate: The candidate.
        tasks: The tasks of the candidate that are trained together.
        folds: The folds.
        data: The rows.
        encode: The encoder of the rows for a fold.
        on_epoch: See `fit_members`.

        Returns:
            One `FoldFit` per fold. If a loss is not finite, all folds are trained again
            one by one, and `failure` gives the reason for each fold that fails.
    """
    solved = candidate.solved
    if solved is not None:
        return solve_folds(candidate, solved, tasks, folds, data, encode)
    if not _can_be_joined(candidate, tasks, folds, data) and len(folds) > 1:
        return _one_by_one(candidate, tasks, folds, data, encode)
    try:
        return _train(candidate, tasks, folds, data, encode, on_epoch)
    except FloatingPointError as error:
        if len(folds) == 1:
            return [FoldFit(failure=str(error))]
    return _one_by_one(candidate, tasks, folds, data, encode)


def _one_by_one(
    candidate: Candidate,
    tasks: Sequence[Task],
    folds: Sequence[Fold],
    data: PreparedData,
    encode: FoldEncoder,
) -> list[FoldFit]:
    return [train_networks(candidate, tasks, [fold], data, encode)[0] for fold in folds]


def _can_be_joined(
    candidate: Candidate,
    tasks: Sequence[Task],
    folds: Sequence[Fold],
    data: PreparedData,
) -> bool:
    """Return whether one network can be used for all folds.

    The layers of a kind of task may depend on its training labels. Each fold then has
    its own network, unless the kind trains in a unit that is common to all folds. The
    same is true of a feature with a trained embedding.
    """
    features = candidate.config.features
    if any(feature.trained_embedding is not None for feature in features):
        return False
    seen = [training_labels(candidate.kept, data, fold) for fold in folds]
    return all(
        task.in_common_unit(labels[task.name][fold.train])[0]
        == task.in_common_unit(seen[0][task.name][folds[0].train])[0]
        for task in tasks
        for fold, labels in zip(folds, seen, strict=True)
    )


def _train(
    candidate: Candidate,
    tasks: Sequence[Task],
    folds: Sequence[Fold],
    data: PreparedData,
    encode: FoldEncoder,
    on_epoch: OnEpoch | None,
) -> list[FoldFit]:
    start = time.perf_counter()
    settings = candidate.config.training
    names = [task.name for task in tasks]
    matrices = [encode(candidate.config.features, fold) for fold in folds]
    width = max(matrix.shape[1] for matrix in matrices)
    count = len(data.rows)
    # A column that the training rows of a fold do not need is zero.
    stacked = np.concatenate(
        [np.pad(matrix, ((0, 0), (0, width - matrix.shape[1]))) for matrix in matrices]
    )
    seen = [training_labels(candidate.kept, data, fold) for fold in folds]
    units = [
        {task.name: task.in_common_unit(known[task.name][fold.train]) for task in tasks}
        for fold, known in zip(folds, seen, strict=True)
    ]
    labels = {
        name: np.concatenate(
            [
                unit[name][1](known[name])
                for unit, known in zip(units, seen, strict=True)
            ]
        )
        for name in names
    }
    train: list[np.ndarray] = []
    validation: list[np.ndarray] = []
    for index, fold in enumerate(folds):
        own = member_rows(
            _labeled(fold.train, seen[index], names),
            training_strata(tuple(tasks), seen[index]),
            data.groups,
            settings,
            seed=fold.repeat * 1000 + fold.number,
        )
        train += [rows + index * count for rows in own.train]
        validation += [rows + index * count for rows in own.validation or []]
    members = settings.members
    keras.utils.set_random_seed(data.config.seed)
    features = None
    if len(folds) == 1:
        # Networks of several folds have no embeddings, and their features differ.
        features = encode.learned(candidate.config.features, folds[0])
    core = build_candidate(
        candidate, [units[0][name][0] for name in names], width, features
    )
    numbers = [
        (fold.repeat * 1000 + fold.number) * 1024 + member
        for fold in folds
        for member in range(members)
    ]
    weights = data.sample_weight
    probe = None
    if candidate.shows_gradients:
        first_members = range(0, len(train), members)
        probe = GradientProbe(
            core,
            stacked,
            labels,
            train,
            members=first_members,
            numbers=numbers[::members],
            settings=settings,
            seed=data.config.seed,
        )
    fit = fit_members(
        core,
        stacked,
        labels,
        settings.replace(
            class_weights={
                name: weight
                for name, weight in settings.class_weights.items()
                if name in names
            }
        ),
        rows=train,
        validation_rows=validation or None,
        seed=data.config.seed,
        own=MemberSettings(numbers=numbers),
        on_epoch=on_epoch,
        sample_weight=None if weights is None else np.tile(weights, len(folds)),
        on_progress=None if probe is None else probe.look,
    )
    looks = [{}] * len(folds) if probe is None else probe.results()
    # One network takes the weights of all members in turn. To build and trace each
    # network would take longer than its training.
    network = fit.members[0]
    outputs_of = matrix_predictor(network)

    def predict_member(place: int, inputs: np.ndarray) -> dict[str, np.ndarray]:
        fit.members.copy_weights(place, network)
        return outputs_of(inputs)

    fits = []
    for index, fold in enumerate(folds):
        first = index * members
        calibration = Calibration(network.tasks)
        if validation and wants_calibration(settings, network.tasks):
            calibration = _calibration(
                predict_member,
                first,
                validation[first : first + members],
                network.tasks,
                stacked,
                labels,
                settings,
            )

        def predict(
            inputs: np.ndarray,
            index: int = index,
            calibration: Calibration = calibration,
        ) -> dict[str, np.ndarray]:
            outputs: dict[str, np.ndarray] = {}
            for place in range(index * members, (index + 1) * members):
                for name, values in predict_member(place, inputs).items():
                    # Each member predicts in the unit of the labels, as in a fit.
                    values = units[index][name][2](values)
                    outputs[name] = (
                        outputs[name] + values if name in outputs else values
                    )
            means = {name: values / members for name, values in outputs.items()}
            for task in calibration.tasks:
                if (temperature := calibration.temperatures.get(task.name)) is not None:
                    layer = task.temperature_layer(temperature)
                    means[task.name] = np.asarray(layer(means[task.name]))
            return means

        effects = {}
        if has_effects(candidate, fold):
            blocks = encode.blocks(candidate.config.features, fold)
            rows = stacked[index * count : (index + 1) * count]
            effects = fold_effects(predict, rows, blocks, data, fold)
        fits.append(
            FoldFit(
                predict(stacked[index * count + fold.test]),
                fit.epochs[first : first + members].tolist(),
                int(core.count_params()),
                gradients=looks[index],
                effects=effects,
                thresholds={
                    name: facts["threshold"]["value"]
                    for name, facts in calibration.facts.items()
                    if "threshold" in facts
                },
            )
        )
    seconds = (time.perf_counter() - start) / len(folds)
    return [replace(fit, seconds=seconds) for fit in fits]


def _calibration(
    predict: Callable[[int, np.ndarray], dict[str, np.ndarray]],
    first: int,
    validation: Sequence[np.ndarray],
    tasks: Sequence[Task],
    matrix: np.ndarray,
    labels: Mapping[str, np.ndarray],
    settings: TrainingSettings,
) -> Calibration:
    """Calibrate a fold on its validation rows, as a fit does after training.

    Args:
        predict: A function from the position of a member and encoded rows to outputs.
        first: The position of the first member of the fold.
        validation: The validation rows of each member of the fold.
        tasks: The tasks of the networks.
        matrix: The encoded rows, (N, columns).
        labels: The labels by task name, in the unit of the networks.
        settings: The training settings, which select the calibration.
    """
    rows, outputs = predict_held_out(
        lambda member, inputs: predict(first + member, inputs), matrix, validation
    )
    known = {task.name: labels[task.name][rows] for task in tasks}
    return learn_calibration(tasks, settings, known, outputs)


def _labeled(
    rows: np.ndarray, labels: Mapping[str, np.ndarray], names: Sequence[str]
) -> np.ndarray:
    """Return the rows that have a label for one of the tasks."""
    known = np.zeros(len(rows), bool)
    for name in names:
        own = np.reshape(labels[name][rows], (len(rows), -1))
        known |= np.isfinite(own).any(axis=1)
    return rows[known]
