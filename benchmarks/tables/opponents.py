"""The models that a user would try instead, one per target.

Each is tuned inside the training rows: by inner folds, by trees that have not
seen a row, or by a fifth of the rows that stops it early. RealMLP and TabM
have the defaults that their authors tuned on other tables.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from keras_mtl.comparison.classical import fit_classical
from keras_mtl.errors import UserError
from keras_mtl.tasks import Task

__all__ = ["OPPONENTS", "fit_opponent", "opponent_version", "require_opponent"]

# Method to the distribution that it comes from.
OPPONENTS: Mapping[str, str] = {
    "linear": "scikit-learn",
    "forest": "scikit-learn",
    "boosting": "scikit-learn",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "tabm": "pytabkit",
    "realmlp": "pytabkit",
}
VALIDATION = 0.2
PATIENCE = 50
ROUNDS = 2000
LEAVES = (7, 31)
DEPTHS = (4, 6)


def require_opponent(method: str) -> list[str]:
    """Returns why a method can't run; empty where it can."""
    try:
        opponent_version(method)
    except importlib.metadata.PackageNotFoundError:
        return [
            f"--methods: {method} expected the package {OPPONENTS[method]}; it is not "
            "installed. Install it: pip install -e '.[tables]'."
        ]
    return []


def opponent_version(method: str) -> str:
    """Returns the package of a method, with its version."""
    package = OPPONENTS[method]
    return f"{package} {importlib.metadata.version(package)}"


def fit_opponent(
    method: str,
    task: Task,
    features: pd.DataFrame,
    labels: np.ndarray,
    test_features: pd.DataFrame,
    seed: int,
) -> np.ndarray:
    """Tunes and trains a model, and returns its outputs for other rows.

    Args:
        method: A name of `OPPONENTS`.
        task: The task; binary, multiclass or regression.
        features: The raw columns of the training rows.
        labels: Their encoded labels, (N,); rows without one are left out.
        test_features: The raw columns of the rows to predict.
        seed: Of the model and of the rows that stop it.

    Returns:
        Probabilities or numbers, as the task's head gives them, (n, units).

    Raises:
        UserError: When the method is not known.
    """
    if method not in OPPONENTS:
        raise UserError(
            f"Expected a method of {', '.join(OPPONENTS)}; received {method!r}."
        )
    known = np.isfinite(labels)
    # Some tables are sorted, and the inner folds of scikit-learn are not shuffled.
    order = np.random.default_rng(seed).permutation(np.flatnonzero(known))
    features, labels = features.iloc[order], labels[order]
    if OPPONENTS[method] == "scikit-learn":
        encoder = _matrix_encoder(features)
        inputs = encoder.fit_transform(features)
        tested = encoder.transform(test_features)
        return fit_classical(method, task, inputs, labels, tested, seed)
    fit = {"lightgbm": _fit_lightgbm, "catboost": _fit_catboost}.get(method, _fit_net)
    if task.loss_kind == "regression":
        model = fit(method, False, features, labels, test_features, seed)
        return np.reshape(model, (-1, 1)).astype("float32")
    # A class that no training row has gets the probability 0.
    present, indices = np.unique(labels.astype(int), return_inverse=True)
    outputs = np.zeros((len(test_features), len(task.class_names)), "float32")
    if len(present) == 1:
        outputs[:, present[0]] = 1
    else:
        outputs[:, present] = fit(method, True, features, indices, test_features, seed)
    return outputs[:, 1:] if task.units == 1 else outputs


def _words(features: pd.DataFrame) -> list[str]:
    return [
        name
        for name in features
        if not pd.api.types.is_numeric_dtype(features[name])
        or pd.api.types.is_bool_dtype(features[name])
    ]


def _matrix_encoder(features: pd.DataFrame) -> Any:
    words = _words(features)
    numbers = [name for name in features if name not in words]
    return make_column_transformer(
        (
            make_pipeline(
                SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
            ),
            numbers,
        ),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
    )


def _divide(
    is_classes: bool, features: pd.DataFrame, labels: np.ndarray, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray, np.ndarray]:
    strata = labels if is_classes and np.bincount(labels).min() > 1 else None
    return train_test_split(
        features, labels, test_size=VALIDATION, random_state=seed, stratify=strata
    )


def _as_categories(
    features: pd.DataFrame, test_features: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Gives both frames the training rows' categories; others are missing."""
    features, test_features = features.copy(), test_features.copy()
    for name in _words(features):
        words = features[name].astype("str").where(features[name].notna())
        kind = pd.CategoricalDtype(sorted(words.dropna().unique()))
        features[name] = words.astype(kind)
        tested = test_features[name].astype("str").where(test_features[name].notna())
        test_features[name] = tested.where(tested.isin(kind.categories)).astype(kind)
    return features, test_features


def _fit_lightgbm(
    method: str,
    is_classes: bool,
    features: pd.DataFrame,
    labels: np.ndarray,
    test_features: pd.DataFrame,
    seed: int,
) -> np.ndarray:
    lightgbm = importlib.import_module("lightgbm")
    kind = lightgbm.LGBMClassifier if is_classes else lightgbm.LGBMRegressor
    features, test_features = _as_categories(features, test_features)
    # Its trees take no name with a special character, such as a dot.
    names = {name: f"column_{index}" for index, name in enumerate(features)}
    features, test_features = (
        frame.rename(columns=names) for frame in (features, test_features)
    )
    train, validation, y, y_validation = _divide(is_classes, features, labels, seed)
    models = []
    for leaves in LEAVES:
        model = kind(
            n_estimators=ROUNDS,
            learning_rate=0.03,
            num_leaves=leaves,
            n_jobs=1,
            random_state=seed,
            verbose=-1,
        )
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        model.fit(train, y, eval_set=[(validation, y_validation)], callbacks=[stop])
        models.append(model)
    best = min(models, key=lambda model: min(model.best_score_["valid_0"].values()))
    return (
        best.predict_proba(test_features) if is_classes else best.predict(test_features)
    )


def _fit_catboost(
    method: str,
    is_classes: bool,
    features: pd.DataFrame,
    labels: np.ndarray,
    test_features: pd.DataFrame,
    seed: int,
) -> np.ndarray:
    catboost = importlib.import_module("catboost")
    kind = catboost.CatBoostClassifier if is_classes else catboost.CatBoostRegressor
    words = _words(features)
    features, test_features = (
        frame.assign(**{name: frame[name].astype("str").fillna("") for name in words})
        for frame in (features, test_features)
    )
    train, validation, y, y_validation = _divide(is_classes, features, labels, seed)
    models = []
    for depth in DEPTHS:
        model = kind(
            iterations=ROUNDS,
            learning_rate=0.05,
            depth=depth,
            cat_features=words,
            random_seed=seed,
            thread_count=1,
            verbose=False,
            allow_writing_files=False,
        )
        model.fit(
            train,
            y,
            eval_set=(validation, y_validation),
            early_stopping_rounds=PATIENCE,
        )
        models.append(model)
    best = min(
        models, key=lambda model: min(model.get_best_score()["validation"].values())
    )
    return (
        best.predict_proba(test_features) if is_classes else best.predict(test_features)
    )


def _fit_net(
    method: str,
    is_classes: bool,
    features: pd.DataFrame,
    labels: np.ndarray,
    test_features: pd.DataFrame,
    seed: int,
) -> np.ndarray:
    pytabkit = importlib.import_module("pytabkit")
    name = {"realmlp": "RealMLP_TD", "tabm": "TabM_D"}[method]
    kind = getattr(pytabkit, f"{name}_{'Classifier' if is_classes else 'Regressor'}")
    features, test_features = _as_categories(features, test_features)
    for column in features.select_dtypes("number"):
        # Neither takes a missing number.
        median = features[column].median()
        for frame in (features, test_features):
            frame[column] = frame[column].fillna(median).astype("float32")
    settings: dict[str, Any] = {}
    if is_classes:
        # Their defaults stop at the best accuracy; the bench asks for log loss.
        settings["val_metric_name"] = "cross_entropy"
        if method == "realmlp":
            settings["use_ls"] = False
    model = kind(device="cpu", n_threads=1, random_state=seed, **settings)
    model.fit(features, labels if is_classes else labels.astype("float32"))
    return (
        model.predict_proba(test_features)
        if is_classes
        else model.predict(test_features)
    )
