"""Alternative models of other packages, one model per target.

Each model is tuned inside the training rows: with inner folds, with out-of-bag rows of
trees, or with a fifth of the rows for early stopping. RealMLP and TabM have the
defaults that their authors tuned on other tables.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
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

# The distribution of each method.
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
    """Return the reasons why a method cannot run; empty if it can."""
    try:
        opponent_version(method)
    except importlib.metadata.PackageNotFoundError:
        return [
            f"--methods: {method} expected the package {OPPONENTS[method]}; it is not "
            "installed. Install it: pip install -e '.[tables]'."
        ]
    return []


def opponent_version(method: str) -> str:
    """Return the name and the version of the package of a method."""
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
    """Tune and train a model, and return its outputs for other rows.

    Args:
        method: A name of `OPPONENTS`.
        task: The task: binary, multi-class or regression.
        features: The raw columns of the training rows.
        labels: The encoded labels of these rows, (N,); rows without a label are left
            out.
        test_features: The raw columns of the rows to predict.
        seed: The seed of the model and of its early-stopping rows.

        Returns:
            Probabilities or numbers in the form of the task's head, (n, units).

        Raises:
            UserError: If the method is unknown.
    """
    if method not in OPPONENTS:
        raise UserError(
            f"Expected a method of {', '.join(OPPONENTS)}; received {method!r}."
        )
    known = np.isfinite(labels)
    features, labels = features[known], labels[known]
    if OPPONENTS[method] == "scikit-learn":
        encoder = _matrix_encoder(features)
        inputs = encoder.fit_transform(features)
        tested = encoder.transform(test_features)
        return fit_classical(method, task, inputs, labels, tested, seed)
    fit = _FITS[method]
    if task.loss_kind == "regression":
        rows = _Rows(features, labels, test_features, False, seed)
        return np.reshape(fit(rows), (-1, 1)).astype("float32")
    # A class without training rows gets the probability 0.
    present, indices = np.unique(labels.astype(int), return_inverse=True)
    outputs = np.zeros((len(test_features), len(task.class_names)), "float32")
    if len(present) == 1:
        outputs[:, present[0]] = 1
    else:
        rows = _Rows(features, indices, test_features, True, seed)
        outputs[:, present] = fit(rows)
    return outputs[:, 1:] if task.units == 1 else outputs


@dataclass(frozen=True)
class _Rows:
    """Training rows and test rows of a model.

    Attributes:
        features: The raw columns of the training rows, which all have labels.
        labels: Numbers, or indices of classes that all have rows.
        test_features: The raw columns of the rows to predict.
        is_classes: Whether the labels are classes.
        seed: The seed of the model and of its early-stopping rows.
    """

    features: pd.DataFrame
    labels: np.ndarray
    test_features: pd.DataFrame
    is_classes: bool
    seed: int

    def divided(self) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray, np.ndarray]:
        """Divide the training rows: a fifth of them stops a model early.

        The only row of a class trains: the models refuse to be validated on a class
        that they do not know.
        """
        lone = np.zeros(len(self.labels), bool)
        if self.is_classes:
            lone = np.bincount(self.labels)[self.labels] == 1
        train, validation = train_test_split(
            np.flatnonzero(~lone),
            test_size=VALIDATION,
            random_state=self.seed,
            stratify=self.labels[~lone] if self.is_classes else None,
        )
        train = np.concatenate([train, np.flatnonzero(lone)])
        return (
            self.features.iloc[train],
            self.features.iloc[validation],
            self.labels[train],
            self.labels[validation],
        )

    def outputs(self, model: Any) -> np.ndarray:
        """Return the probabilities or numbers of a fitted model for the test rows."""
        if self.is_classes:
            return model.predict_proba(self.test_features)
        return model.predict(self.test_features)

    def with_features(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> _Rows:
        """Return the same rows with the same change in both tables."""
        return replace(
            self,
            features=change(self.features),
            test_features=change(self.test_features),
        )

    def with_columns(
        self, names: Iterable[str], change: Callable[[pd.Series], pd.Series]
    ) -> _Rows:
        """Return the same rows with the same change in some columns of both tables."""
        changed = list(names)

        # Not `assign`, because a column may have the name of an argument.
        def columns(frame: pd.DataFrame) -> pd.DataFrame:
            frame = frame.copy()
            for name in changed:
                frame[name] = change(frame[name])
            return frame

        return self.with_features(columns)


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


def _as_categories(rows: _Rows) -> _Rows:
    """Use the categories of the training rows in both tables; others are missing."""
    kinds = {}
    for name in _words(rows.features):
        words = rows.features[name].dropna().astype("str")
        kinds[name] = pd.CategoricalDtype(sorted(words.unique()))

    def categories(column: pd.Series) -> pd.Series:
        kind, words = kinds[column.name], column.astype("str")
        return words.where(column.notna() & words.isin(kind.categories)).astype(kind)

    return rows.with_columns(kinds, categories)


def _fit_lightgbm(rows: _Rows) -> np.ndarray:
    lightgbm = importlib.import_module("lightgbm")
    kind = lightgbm.LGBMClassifier if rows.is_classes else lightgbm.LGBMRegressor
    # The package refuses names with special characters, such as a dot.
    names = {name: f"column_{index}" for index, name in enumerate(rows.features)}
    rows = _as_categories(rows).with_features(lambda frame: frame.rename(columns=names))
    train, validation, y, y_validation = rows.divided()
    models = []
    for leaves in LEAVES:
        model = kind(
            n_estimators=ROUNDS,
            learning_rate=0.03,
            num_leaves=leaves,
            n_jobs=1,
            random_state=rows.seed,
            verbose=-1,
        )
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        model.fit(train, y, eval_set=[(validation, y_validation)], callbacks=[stop])
        models.append(model)
    return rows.outputs(
        min(models, key=lambda model: min(model.best_score_["valid_0"].values()))
    )


def _fit_catboost(rows: _Rows) -> np.ndarray:
    catboost = importlib.import_module("catboost")
    classes, numbers = catboost.CatBoostClassifier, catboost.CatBoostRegressor
    kind = classes if rows.is_classes else numbers
    words = _words(rows.features)
    rows = rows.with_columns(words, lambda column: column.astype("str").fillna(""))
    train, validation, y, y_validation = rows.divided()
    models = []
    for depth in DEPTHS:
        model = kind(
            iterations=ROUNDS,
            learning_rate=0.05,
            depth=depth,
            cat_features=words,
            random_seed=rows.seed,
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
    return rows.outputs(
        min(
            models, key=lambda model: min(model.get_best_score()["validation"].values())
        )
    )


def _fit_network(name: str, settings: Mapping[str, Any], rows: _Rows) -> np.ndarray:
    """Fit RealMLP or TabM with their authors' defaults, stopped by log loss."""
    pytabkit = importlib.import_module("pytabkit")
    kind = getattr(
        pytabkit, f"{name}_{'Classifier' if rows.is_classes else 'Regressor'}"
    )
    rows = _as_categories(rows)
    # Neither accepts missing numbers.
    medians = rows.features.select_dtypes("number").median()
    rows = rows.with_columns(
        medians.index,
        lambda column: column.fillna(medians[column.name]).astype("float32"),
    )
    labels = rows.labels
    if rows.is_classes:
        # Their defaults stop at the best accuracy, but the benchmark needs log loss.
        settings = {"val_metric_name": "cross_entropy", **settings}
    else:
        settings, labels = {}, labels.astype("float32")
    model = kind(device="cpu", n_threads=1, random_state=rows.seed, **settings)
    model.fit(rows.features, labels)
    return rows.outputs(model)


_FITS: Mapping[str, Callable[[_Rows], np.ndarray]] = {
    "lightgbm": _fit_lightgbm,
    "catboost": _fit_catboost,
    # Label smoothing improves accuracy, not log loss.
    "realmlp": functools.partial(_fit_network, "RealMLP_TD", {"use_ls": False}),
    "tabm": functools.partial(_fit_network, "TabM_D", {}),
}
