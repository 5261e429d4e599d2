"""Candidates of a comparison in closed form."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from keras_mtl.architectures import SolvedSettings, build_architecture
from keras_mtl.comparison.candidates import Candidate
from keras_mtl.comparison.encoding import FoldEncoder
from keras_mtl.comparison.fold_effects import fold_effects, has_effects
from keras_mtl.comparison.folds import Fold
from keras_mtl.comparison.kept_labels import training_labels
from keras_mtl.comparison.store import FoldFit
from keras_mtl.runs.predictions import matrix_predictor
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.solve import solve_rows
from keras_mtl.tasks import Task

__all__ = ["solve_folds"]


def solve_folds(
    candidate: Candidate,
    settings: SolvedSettings,
    tasks: Sequence[Task],
    folds: Sequence[Fold],
    data: PreparedData,
    encode: FoldEncoder,
) -> list[FoldFit]:
    """Solve for the weights of a candidate in some folds.

    Args:
        candidate: The candidate.
        settings: The settings of the candidate's architecture.
        tasks: The tasks of the candidate that are solved together.
        folds: The folds.
        data: The rows.
        encode: The encoder of the rows for a fold.

        Returns:
            One `FoldFit` per fold.
    """
    fits = []
    for fold in folds:
        start = time.perf_counter()
        features = candidate.config.features
        matrix = encode(features, fold)
        labels = training_labels(candidate.kept, data, fold)
        learned = [task.learn(labels[task.name][fold.train]) for task in tasks]
        # All linear architectures build one layer per task.
        model = build_architecture(
            candidate.config.model.architecture,
            matrix.shape[1],
            learned,
            candidate.config.model,
        )
        known = np.zeros(len(fold.train), bool)
        for task in tasks:
            here = np.reshape(labels[task.name][fold.train], (len(known), -1))
            known |= np.isfinite(here).any(axis=1)
        fit, _ = solve_rows(
            settings,
            model,
            matrix,
            data,
            fold.train[known],
            candidate.config.training,
            [str(column) for column in range(matrix.shape[1])],
            seed=data.config.seed + fold.repeat * 1000 + fold.number,
            labels=labels,
        )
        model = fit.members[0]
        predict = _measured_outputs(matrix_predictor(model), tasks)
        effects = {}
        if has_effects(candidate, fold):
            effects = fold_effects(
                predict, matrix, encode.blocks(features, fold), data, fold
            )
        fits.append(
            FoldFit(
                predict(matrix[fold.test]),
                (),
                int(model.count_params()),
                time.perf_counter() - start,
                effects=effects,
            )
        )
    return fits


def _measured_outputs(
    predict: Callable[[np.ndarray], dict[str, np.ndarray]], tasks: Sequence[Task]
) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Leave out the uncertainty that a model returns with its predictions."""
    units = {task.name: task.units for task in tasks}

    def measured(inputs: np.ndarray) -> dict[str, np.ndarray]:
        return {name: each[:, : units[name]] for name, each in predict(inputs).items()}

    return measured
