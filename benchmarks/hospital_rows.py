"""Heart disease at four hospitals as four tasks, and the labels that a fit sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_mtl.datasets import HEART_DISEASE_FEATURES, load_heart_disease
from keras_mtl.features import (
    build_encoder,
    encode_frame,
    infer_features,
    learn_features,
)

__all__ = [
    "HospitalRows",
    "Scenario",
    "load_hospitals",
    "make_scenarios",
    "spread_folds",
]


@dataclass(frozen=True)
class HospitalRows:
    """The encoded patients of all hospitals.

    Attributes:
        names: The hospitals.
        inputs: The encoded features, (N, width), without the hospital.
        hospitals: The hospital of each row, an index of `names`, (N,).
        labels: Whether the patient has heart disease, (N,).
    """

    names: tuple[str, ...]
    inputs: np.ndarray
    hospitals: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Scenario:
    """Training rows and test rows of one fit.

    Attributes:
        repeat: The number of the repeat, which is the seed of its folds.
        share: The share of the training labels that the scored hospital keeps; the
            other hospitals keep all labels.
        train: The indices of the training rows.
        scored: The indices of the held-out rows of one hospital; or of all hospitals,
            if all keep all labels.
    """

    repeat: int
    share: float
    train: np.ndarray
    scored: np.ndarray


def load_hospitals() -> HospitalRows:
    """Encode the heart data.

    Missing cells are filled and indicated. The encoder learns from the features of all
    rows, but not from labels.
    """
    frame = load_heart_disease()
    features = infer_features(frame[list(HEART_DISEASE_FEATURES)])
    learned = learn_features(features, frame)
    inputs = encode_frame(build_encoder(learned), learned, frame)
    names = tuple(sorted(frame["site"].unique()))
    hospitals = np.array([names.index(site) for site in frame["site"]])
    return HospitalRows(names, inputs, hospitals, (frame["num"] > 0).to_numpy(int))


def make_scenarios(
    rows: HospitalRows, repeats: int, folds: int, shares: tuple[float, ...]
) -> list[Scenario]:
    """Make all fits of repeated folds, stratified by hospital and label.

    Args:
        rows: The rows.
        repeats: The number of times that the rows are split into folds.
        folds: The number of folds.
        shares: The shares of labels that one hospital keeps. Each class keeps at least
            one label.
    """
    strata = 2 * rows.hospitals + rows.labels
    scenarios = []
    for repeat in range(repeats):
        generator = np.random.default_rng(repeat)
        numbers = spread_folds(strata, folds, generator)
        for fold in range(folds):
            train, test = (
                np.flatnonzero(numbers != fold),
                np.flatnonzero(numbers == fold),
            )
            for share in shares:
                if share == 1.0:
                    scenarios.append(Scenario(repeat, share, train, test))
                    continue
                for hospital in range(len(rows.names)):
                    kept = train[rows.hospitals[train] != hospital]
                    for stratum in (2 * hospital, 2 * hospital + 1):
                        own = train[strata[train] == stratum]
                        count = max(1, round(share * len(own)))
                        kept = np.append(kept, generator.permutation(own)[:count])
                    scored = test[rows.hospitals[test] == hospital]
                    scenarios.append(Scenario(repeat, share, np.sort(kept), scored))
    return scenarios


def spread_folds(
    strata: np.ndarray, folds: int, generator: np.random.Generator
) -> np.ndarray:
    """Split rows into folds, each stratum evenly, (N,).

    Args:
        strata: The stratum of each row, (N,).
        folds: The number of folds.
        generator: The generator that shuffles the rows.
    """
    shuffled = generator.permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    numbers = np.empty(len(strata), int)
    numbers[order] = np.arange(len(strata)) % folds
    return numbers
