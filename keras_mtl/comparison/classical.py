"""Classical alternatives: one scikit-learn model per task.

Each model has few settings, which are chosen on the training rows.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from keras_mtl.tasks import Task

__all__ = ["fit_classical", "suits_classical"]

TREES = 200
LEAVES = (1, 5)
LEAF_NODES = (8, 31)
STRENGTHS = 10.0 ** np.arange(-3, 2)
RIDGES = 10.0 ** np.arange(-2, 4)
INNER_FOLDS = 3


def suits_classical(task: Task) -> bool:
    """Return whether scikit-learn has models for the labels of a task."""
    return _target(task) is not None


def _target(task: Task) -> Literal["classes", "number", "labels"] | None:
    if task.class_names:
        return "classes"
    if task.loss_kind == "regression":
        return "number" if task.units == 1 else None
    return "labels" if len(task.label_columns) == task.units > 1 else None


def fit_classical(
    name: str,
    task: Task,
    inputs: np.ndarray,
    labels: np.ndarray,
    test_inputs: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Train a model, and return its outputs for other rows.

    Args:
        name: `"linear"`, `"forest"` or `"boosting"`.
        task: The task.
        inputs: Encoded training rows, (N, columns).
        labels: The encoded labels of these rows; rows without a label are left out.
        test_inputs: Encoded rows to predict.
        seed: The seed of the model.

    Returns:
        Outputs in the form of the task's head, (n, units).
    """
    # Processes work side by side, and more threads would wait for each other.
    with threadpool_limits(1):
        return _fit(name, task, inputs, labels, test_inputs, seed)


def _fit(
    name: str,
    task: Task,
    inputs: np.ndarray,
    labels: np.ndarray,
    test_inputs: np.ndarray,
    seed: int,
) -> np.ndarray:
    if _target(task) == "labels":
        columns = [
            _classes(name, 2, inputs, column, test_inputs, seed)[:, 1]
            for column in labels.T
        ]
        return np.stack(columns, axis=1)
    if _target(task) == "number":
        known = np.isfinite(labels)
        model = _choose_regressor(name, inputs[known], labels[known], seed)
        return model.predict(test_inputs)[:, None].astype("float32")
    classes = len(task.class_names)
    outputs = _classes(name, classes, inputs, labels, test_inputs, seed)
    return outputs[:, 1:] if task.units == 1 else outputs


def _classes(
    name: str,
    classes: int,
    inputs: np.ndarray,
    labels: np.ndarray,
    test_inputs: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Return the probabilities of all classes, including classes without rows."""
    known = np.isfinite(labels)
    inputs, labels = inputs[known], labels[known].astype(int)
    outputs = np.zeros((len(test_inputs), classes), "float32")
    present = np.unique(labels)
    if len(present) == 1:
        outputs[:, present[0]] = 1
        return outputs
    model = _choose_classifier(name, inputs, labels, seed)
    outputs[:, model.classes_] = model.predict_proba(test_inputs)
    return outputs


def _choose_classifier(
    name: str, inputs: np.ndarray, labels: np.ndarray, seed: int
) -> Any:
    if name == "forest":
        return _choose_forest(RandomForestClassifier, inputs, labels, seed)
    if name == "boosting":
        return _choose_boosting(HistGradientBoostingClassifier, inputs, labels, seed)
    fewest = int(np.bincount(labels)[np.unique(labels)].min())
    model = LogisticRegressionCV(
        Cs=STRENGTHS,
        # The rows may be sorted by a feature.
        cv=StratifiedKFold(
            min(INNER_FOLDS, max(2, fewest)), shuffle=True, random_state=seed
        ),
        scoring="neg_log_loss",
        max_iter=500,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FutureWarning)
        return model.fit(inputs, labels)


def _choose_regressor(
    name: str, inputs: np.ndarray, labels: np.ndarray, seed: int
) -> Any:
    if name == "forest":
        return _choose_forest(RandomForestRegressor, inputs, labels, seed)
    if name == "boosting":
        return _choose_boosting(HistGradientBoostingRegressor, inputs, labels, seed)
    return RidgeCV(alphas=RIDGES).fit(inputs, labels)


def _choose_forest(kind: Any, inputs: np.ndarray, labels: np.ndarray, seed: int) -> Any:
    """Return the forest with the best score on the rows that its trees did not see."""
    with warnings.catch_warnings():
        # With few rows, all trees may have seen some of them.
        warnings.simplefilter("ignore", UserWarning)
        forests = [
            kind(TREES, min_samples_leaf=leaf, oob_score=True, random_state=seed)
            for leaf in LEAVES
        ]
        fitted = [forest.fit(inputs, labels) for forest in forests]
    return max(fitted, key=lambda forest: forest.oob_score_)


def _choose_boosting(
    kind: Any, inputs: np.ndarray, labels: np.ndarray, seed: int
) -> Any:
    """Return the model with the best loss on its early-stopping rows."""
    fitted = [
        kind(
            learning_rate=0.05,
            max_leaf_nodes=nodes,
            max_iter=300,
            early_stopping=True,
            validation_fraction=0.2,
            random_state=seed,
        ).fit(inputs, labels)
        for nodes in LEAF_NODES
    ]
    return max(fitted, key=lambda model: max(model.validation_score_))
