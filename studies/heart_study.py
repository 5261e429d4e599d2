"""The network with two heads on the heart data, with several activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.features import build_encoder, encode_frame, learn_features
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.splits import fold_rows, label_strata
from keras_mtl.training import TrainingSettings, fit_members
from studies.settings import StudySettings

__all__ = ["METRICS", "heart_scores", "study_heart"]

FOLDS = 5
METRICS = ("auc", "accuracy", "log_loss")
# The training settings of one network in the default preset of a fit.
TRAINING = TrainingSettings(epochs=100, batch_size=32, learning_rate=1e-3, patience=20)


class _Part(NamedTuple):
    """One fold of one repeat: the positions of its training rows and other rows.

    The encoded rows of this fold begin at `offset` among all inputs.
    """

    repeat: int
    fold: int
    offset: int
    train: np.ndarray
    stop: np.ndarray
    held: np.ndarray


def study_heart(
    data: PreparedData,
    settings: StudySettings,
    on_activation: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Cross-validate the network on the training rows with each activation.

    All activations have the same folds, initial weights and batches. The networks of
    all folds are trained in one program. One fold is held out. The next fold determines
    when to stop, so an activation is not penalized for overfitting. The other three
    folds train, and adapt encoders and scales. The test rows are not used.

    Args:
        data: The heart data, or other data with tasks.
        settings: The settings, with the activations, the number of repeats (`seeds`)
            and the `seed` of the first.
        on_activation: A function that is called with each activation's name before its
            training.

    Returns:
        A DataFrame with one row per activation, repeat, fold and task, and one column
        per metric of `METRICS` that the task has.
    """
    rows, encoded = data.train_rows, []
    parts: list[_Part] = []
    for repeat in range(settings.seeds):
        folds = fold_rows(
            label_strata({name: values[rows] for name, values in data.labels.items()}),
            folds=FOLDS,
            seed=settings.seed + repeat,
            groups=data.groups[rows],
            labels={name: values[rows] for name, values in data.labels.items()},
        )
        for fold in range(FOLDS):
            stop = folds == (fold + 1) % FOLDS
            held = folds == fold
            sides = [np.flatnonzero(side) for side in (~held & ~stop, stop, held)]
            parts.append(_Part(repeat, fold, len(parts) * len(rows), *sides))
            encoded.append(_encode(data, rows[sides[0]]))
    width = max(matrix.shape[1] for matrix in encoded)
    # A flag that is absent in a fold's training rows becomes a column of zeros.
    inputs = np.concatenate(
        [np.pad(matrix, ((0, 0), (0, width - matrix.shape[1]))) for matrix in encoded]
    )
    labels = {
        name: np.concatenate([values[rows]] * len(parts))
        for name, values in data.labels.items()
    }
    found: list[dict[str, Any]] = []
    for activation in settings.activations:
        if on_activation is not None:
            on_activation(activation)
        fit = fit_members(
            build_hard_sharing(
                width,
                data.tasks,
                trunk=data.config.model.trunk,
                activation="linear" if activation == "none" else activation,
            ),
            inputs,
            labels,
            TRAINING,
            rows=[part.train + part.offset for part in parts],
            validation_rows=[part.stop + part.offset for part in parts],
            seed=settings.seed,
        )
        for part, member in zip(parts, fit.members, strict=True):
            outputs = member(inputs[part.held + part.offset])
            for task in data.tasks:
                metrics = task.measure(
                    data.labels[task.name][rows][part.held],
                    np.asarray(outputs[task.name]),
                )
                found.append(
                    {
                        "activation": activation,
                        "repeat": part.repeat,
                        "fold": part.fold,
                        "task": task.name,
                        **{key: metrics.get(key, np.nan) for key in METRICS},
                    }
                )
    return pd.DataFrame(found)


def heart_scores(folds: pd.DataFrame) -> dict[str, dict[str, dict[str, Any]]]:
    """Compute means and spread by activation and task.

    The mean is over all folds. The spread is that of the repeats' means, since the
    folds of one repeat depend on each other.
    """
    repeats = folds.groupby(["activation", "task", "repeat"], sort=False)[
        list(METRICS)
    ].mean()
    scores: dict[str, dict[str, dict[str, Any]]] = {}
    for (activation, task), part in repeats.groupby(
        level=["activation", "task"], sort=False
    ):
        spread = part.std(ddof=1).fillna(0.0)
        scores.setdefault(str(activation), {})[str(task)] = {
            key: {"mean": float(part[key].mean()), "std": float(spread[key])}
            for key in METRICS
            if part[key].notna().all()
        }
    return scores


def _encode(data: PreparedData, learn_from: np.ndarray) -> np.ndarray:
    """Encode the training rows with features adapted to some of them."""
    features = learn_features(data.features, data.frame.iloc[learn_from])
    frame = data.frame.iloc[data.train_rows]
    return encode_frame(build_encoder(features), features, frame)
