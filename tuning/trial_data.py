"""The rows of a trial: some to train on, the rest to be measured by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_mtl.features.feature import Feature
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.split import member_rows

__all__ = ["TrialData", "TrialRows", "encode_rows", "trial_rows"]


@dataclass(frozen=True)
class TrialRows:
    """A validation split of the training rows, the same for all trials.

    Attributes:
        train: The positions of the rows that a trial trains on.
        validation: The positions of those by which it stops and is measured.
    """

    train: np.ndarray
    validation: np.ndarray


@dataclass(frozen=True)
class TrialData:
    """Encoded rows.

    Attributes:
        inputs: float32 of shape (N, D); rows of no trial are 0.
        labels: By task name, as `Task.encode_labels` gives them; missing in
            rows of no trial.
        rows: See `TrialRows`.
        features: The features, with what the training rows taught.
    """

    inputs: np.ndarray
    labels: dict[str, np.ndarray]
    rows: TrialRows
    features: tuple[Feature, ...]

    def labels_of(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Returns by task name the labels of some rows."""
        return {name: values[rows] for name, values in self.labels.items()}


def trial_rows(data: PreparedData) -> TrialRows:
    """Splits the training rows of a run; its test rows are on neither side.

    It is the split of the first member of a fit with the same seed.

    Args:
        data: What `prepare_data` prepared; its settings have a
            `validation_fraction`.

    Raises:
        UserError: When there are too few rows that may be parted.
    """
    training = data.config.training.replace(members=1)
    split = member_rows(
        data.train_rows, data.strata, data.groups, training, data.config.seed
    )
    if split.validation is None:
        raise ValueError(
            "Invalid value received for argument `data`. Expected settings with a "
            "validation_fraction above 0. Received: validation_fraction="
            f"{training.validation_fraction}"
        )
    return TrialRows(split.train[0], split.validation[0])


def encode_rows(data: PreparedData, rows: TrialRows) -> TrialData:
    """Encodes the rows of a trial by what its training rows teach.

    The test rows are not looked at.

    Args:
        data: What `prepare_data` prepared.
        rows: See `trial_rows`.
    """
    # Loads Keras.
    from keras_mtl.features import build_encoder, encode_frame, learn_features

    features = learn_features(data.features, data.frame.iloc[rows.train])
    encoder = build_encoder(features)
    both = np.concatenate([rows.train, rows.validation])
    inputs = np.zeros((len(data.frame), encoder.output_shape[-1]), "float32")
    inputs[both] = encode_frame(encoder, features, data.frame.iloc[both])
    labels = {}
    for name, values in data.labels.items():
        labels[name] = np.full_like(values, np.nan)
        labels[name][both] = values[both]
    return TrialData(inputs, labels, rows, features)
