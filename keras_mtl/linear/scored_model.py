"""Base class of estimators of arrays with several tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from keras_mtl.linear.targets import Target, read_targets
from keras_mtl.splits import fold_rows, label_strata

__all__ = [
    "ScoredModel",
    "fitted_features",
    "output_units",
    "raise_invalid",
    "read_arrays",
    "read_sample_weight",
    "target_folds",
]


class ScoredModel(BaseEstimator, ABC):
    """An estimator that predicts from scores, one column per output.

    A fit sets `targets_`, `by_name_` (whether the labels were given by task
    name) and `n_features_in_`.
    """

    targets_: Sequence[Target]
    by_name_: bool

    @abstractmethod
    def _scores(self, features: np.ndarray) -> np.ndarray:
        """Return the scores of rows, (N, K), for regressions in the label's unit."""

    def predict(self, x: Any) -> Any:
        """Predict classes and numbers.

        Args:
            x: The features, (N, D).

        Returns:
            A dict by task name of predictions of shape (N,); or, for a model that was
            fitted to an array of labels, an array of shape (N, T).
        """
        found = {}
        for target, columns in self._columns(x):
            if target.kind == "regression":
                found[target.name] = columns[:, 0]
            elif target.kind == "binary":
                found[target.name] = target.classes[(columns[:, 0] > 0).astype(int)]
            else:
                found[target.name] = target.classes[columns.argmax(axis=1)]
        return found if self.by_name_ else np.stack([*found.values()], axis=1)

    def predict_proba(self, x: Any) -> dict[str, np.ndarray]:
        """Predict the probabilities of the classes.

        Args:
            x: The features, (N, D).

        Returns:
            A dict by name of each binary or multi-class task of probabilities in the
            order of its classes, (N, classes).
        """
        found = {}
        for target, columns in self._columns(x):
            if target.kind == "binary":
                yes = expit(columns)
                found[target.name] = np.concatenate([1.0 - yes, yes], axis=1)
            elif target.kind == "multiclass":
                found[target.name] = softmax(columns, axis=1)
        return found

    def _columns(self, x: Any) -> Iterator[tuple[Target, np.ndarray]]:
        """Yield each task's target with its scores of rows."""
        scores = self._scores(fitted_features(self, x))
        edges = np.cumsum([len(target.output_names) for target in self.targets_])
        columns = np.split(scores, edges[:-1], axis=1)
        yield from zip(self.targets_, columns, strict=True)


def read_arrays(
    x: Any, y: Any, kinds: Mapping[str, str] | None
) -> tuple[np.ndarray, list[Target]]:
    """Read features and the labels of several tasks.

    Args:
        x: The features, finite numbers, (N, D).
        y: See `read_targets`.
        kinds: See `read_targets`.

    Raises:
        ValueError: If features or labels are invalid.
    """
    features = _read_features(x)
    targets = read_targets(y, kinds)
    for target in targets:
        if len(target.labels) != len(features):
            raise ValueError(
                "Invalid value received for argument `y`. Expected a label for each of "
                f"{len(features)} rows. Received: {len(target.labels)} of task "
                f"{target.name!r}"
            )
    return features, targets


def fitted_features(model: Any, x: Any) -> np.ndarray:
    """Read the features of rows to predict, and check their number.

    Args:
        model: The estimator.
        x: The features, finite numbers, (N, D).

    Raises:
        ValueError: If the features are invalid.
        sklearn.exceptions.NotFittedError: If the model is not fitted.
    """
    check_is_fitted(model, "n_features_in_")
    features = _read_features(x)
    if features.shape[1] != model.n_features_in_:
        raise ValueError(
            f"Invalid value received for argument `x`. Expected {model.n_features_in_} "
            f"features, as in `fit`. Received: {features.shape[1]}"
        )
    return features


def read_sample_weight(values: Any, targets: list[Target], rows: int) -> np.ndarray:
    """Read the weight of each row, (N,).

    Args:
        values: The weights, finite numbers of 0 or more, (N,); None for ones.
        targets: The tasks' labels.
        rows: The number of rows.

    Raises:
        ValueError: If the weights are invalid, or all labeled rows of a task have
            weight 0.
    """
    if values is None:
        return np.ones(rows)
    weights = np.asarray(values, "float64")
    if weights.shape != (rows,) or not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(
            "Invalid value received for argument `sample_weight`. Expected a finite "
            f"number of 0 or more for each of {rows} rows. Received: shape "
            f"{weights.shape}"
        )
    for target in targets:
        if not weights[np.isfinite(target.labels)].any():
            raise ValueError(
                "Invalid value received for argument `sample_weight`. Expected a "
                f"weight above 0 in a row with a label of task {target.name!r}. "
                "Received: none"
            )
    return weights


def target_folds(
    targets: Sequence[Target], folds: int, seed: int, groups: Any
) -> np.ndarray:
    """Assign each row to a fold, (N,), stratified over all labels."""
    labels = {target.name: target.labels for target in targets}
    return fold_rows(
        label_strata(labels), folds=folds, seed=seed, groups=groups, labels=labels
    )


def output_units(targets: Sequence[Target]) -> tuple[np.ndarray, np.ndarray]:
    """Return the scale and the mean of the label of each output, (K,) each."""
    counts = [len(target.output_names) for target in targets]
    scales = np.repeat([target.scale for target in targets], counts)
    return scales, np.repeat([target.mean for target in targets], counts)


def raise_invalid(model: Any, wrong: Sequence[tuple[str, str]]) -> None:
    """Raise an error for the invalid arguments of a model, if any.

    Args:
        model: The estimator.
        wrong: The names of invalid arguments, each with the expected values.

    Raises:
        ValueError: If an argument is invalid. The message names all of them.
    """
    if wrong:
        raise ValueError(
            " ".join(
                f"Invalid value received for argument `{name}`. Expected {what}. "
                f"Received: {name}={getattr(model, name)}."
                for name, what in wrong
            )
        )


def _read_features(x: Any) -> np.ndarray:
    features = np.asarray(x, "float64")
    if features.ndim != 2 or not np.isfinite(features).all():
        what = f"shape {features.shape}"
        if features.ndim == 2:
            what = "numbers that are missing or infinite"
        raise ValueError(
            "Invalid value received for argument `x`. Expected finite numbers of shape "
            f"(rows, features). Received: {what}"
        )
    return features
