"""The scikit-learn estimator of several tasks with missing labels."""

# scikit-learn passes the features by the name `X`.
# ruff: noqa: N803

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from keras_mtl._core.spelling import in_spelling
from keras_mtl.configuration.script_spelling import script_spelling
from keras_mtl.configuration.validate import build_config
from keras_mtl.errors import UserError
from keras_mtl.estimator._tables import feature_frame, store_columns, target_frame
from keras_mtl.estimator._targets import Target, learn_targets
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.tables.column_store import ColumnStore

__all__ = ["MultiTaskEstimator"]

SAMPLE_WEIGHT = "(sample weight)"

# By parameter, its place among the settings.
PLACES = {
    "members": "training",
    "epochs": "training",
    "batch_size": "training",
    "learning_rate": "training",
    "weight_decay": "training",
    "patience": "training",
    "validation_fraction": "training",
    "weighting": "training",
    "trunk": "model",
    "dropout": "model",
    "architecture": "model",
}
# Messages name the parameters.
_SPELLED = in_spelling(
    script_spelling(
        {
            **{f"{section}.{name}": name for name, section in PLACES.items()},
            "data.path": "X",
            "preset": "preset",
            "seed": "random_state",
        },
        settings="settings",
    )
)


class MultiTaskEstimator(BaseEstimator):
    """Multi-task network as a scikit-learn estimator: several targets, one model.

    `fit` trains like `python -m keras_mtl.fit`, but on all rows: use scikit-learn's
    cross-validation to hold rows out. Raw columns are encoded inside the model, so that
    text, dates and missing values need no preprocessing.

    Args:
        kinds: A dict from the name of a column of y to its kind: `"binary"`,
            `"multiclass"` or `"regression"`. The kind of other columns is inferred:
            text, booleans and up to 20 distinct whole numbers are classes, other
            numbers are a regression.
        preset: The recipe that chooses the settings for which the arguments below are
            None.
        members: The number of networks whose predictions are averaged.
        epochs: The largest number of epochs.
        batch_size: The number of rows per training step.
        learning_rate: The initial learning rate of Adam.
        weight_decay: The weight decay of AdamW.
        patience: The number of epochs without improvement after which a member stops; 0
            trains all epochs.
        validation_fraction: The share of the rows on which each member is validated.
        weighting: The method that balances the tasks, for example `"pcgrad"`, or a dict
            with the key `name` and the settings of the method.
        trunk: The widths of the shared layers.
        dropout: The dropout rate of the shared layers.
        architecture: How tasks share layers, for example `"mmoe"`, or a dict with the
            key `name` and the settings of the architecture.
        settings: Further settings as a nested dict, as in a TOML file of the command.
        random_state: An integer, a `numpy.random.RandomState`, or None for a
            fit that differs each time.

    Attributes:
        model_: The trained `keras_mtl.MultiTaskModel` of raw features.
        targets_: The tasks, each with its name, kind and classes.
        classes_: A dict from each classification task to its classes; an array if y has
            one dimension.
        feature_names_in_: The names of the feature columns.
        n_features_in_: The number of features.
        history_: The history as a mean over the members, a DataFrame.

    Example:

    >>> import numpy as np, pandas as pd
    >>> from keras_mtl import MultiTaskEstimator
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"age": rng.normal(size=80), "dose": rng.normal(size=80)})
    >>> y = pd.DataFrame({"sick": np.where(X.age > 0, "yes", "no"), "days": X.dose})
    >>> y.loc[:9, "days"] = np.nan  # labels that are missing
    >>> estimator = MultiTaskEstimator(members=1, epochs=2).fit(X, y)
    >>> estimator.predict(X).columns.tolist()
    ['sick', 'days']
    >>> estimator.predict_proba(X)["sick"].shape
    (80, 2)
    """

    def __init__(
        self,
        kinds: Mapping[Any, str] | None = None,
        preset: str = "default",
        members: int | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        patience: int | None = None,
        validation_fraction: float | None = None,
        weighting: Any = None,
        trunk: Sequence[int] | None = None,
        dropout: float | None = None,
        architecture: Any = None,
        settings: Mapping[str, Any] | None = None,
        random_state: Any = 0,
    ) -> None:
        self.kinds = kinds
        self.preset = preset
        self.members = members
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.weighting = weighting
        self.trunk = trunk
        self.dropout = dropout
        self.architecture = architecture
        self.settings = settings
        self.random_state = random_state

    @_SPELLED
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train the model.

        Args:
            X: The features, a DataFrame or an array of shape (N, features).
            y: The labels, a DataFrame with one column per task and NaN or None where a
                label is missing; or a Series or array of shape (N,) for one task.
            sample_weight: The weight of each row in the losses, of shape (N,).

        Returns:
            The estimator itself.

        Raises:
            UserError: With all errors in the data or in the parameters.
        """
        features = feature_frame(X)
        labels = target_frame(y, features.index)
        names = [*features.columns, *map(str, labels.columns)]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise UserError(
                "X and y: expected columns of different names. Received: "
                f"{', '.join(map(repr, twice))} twice. Rename or drop a column."
            )
        targets = learn_targets(labels, self.kinds)
        columns = store_columns(features)
        columns |= {each.text: each.column(labels[each.name]) for each in targets}
        layer: dict[str, Any] = {"data": {"path": "X"}}
        if sample_weight is not None:
            weights = np.asarray(sample_weight, "float64")
            if weights.shape != (len(features),) or not weights.any():
                raise UserError(
                    "sample_weight: expected one number per row of X, not all of them "
                    f"zero. Received: shape {weights.shape} for {len(features)} rows, "
                    f"sum {weights.sum():g}. Correct the weights."
                )
            columns[SAMPLE_WEIGHT] = weights
            layer["data"]["sample_weight"] = SAMPLE_WEIGHT
        layer["tasks"] = [each.settings() for each in targets]
        config = build_config(self.settings or {}, self._settings(), layer)
        data = prepare_data(config, ColumnStore(columns))

        # TensorFlow is loaded here: errors in the data are reported without it.
        from keras_mtl.runs.choose_by_validation import choose_by_validation
        from keras_mtl.runs.train import train_run

        if data.config.by_validation:
            data = replace(data, config=choose_by_validation(data))
        run = train_run(data)
        self.model_ = run.model
        self.history_ = pd.DataFrame(run.fit.mean_history())
        self.targets_ = targets
        self.feature_names_in_ = np.asarray(features.columns, dtype=object)
        self.n_features_in_ = len(features.columns)
        self._one_dimension = np.asarray(y).ndim == 1
        self.classes_ = self._by_task(
            {each.name: each.classes for each in targets if each.classes is not None}
        )
        return self

    @_SPELLED
    def predict(self, X: Any) -> Any:
        """Predict classes and numbers.

        Args:
            X: The features, with the columns of the fit.

        Returns:
            A DataFrame with one column per task and the index of X; an array of shape
            (N,) if y had one dimension.
        """
        frame, outputs = self._outputs(X)
        columns = {
            each.name: each.predictions(outputs[each.task]) for each in self.targets_
        }
        if self._one_dimension:
            return columns[self.targets_[0].name]
        return pd.DataFrame(columns, index=frame.index)

    @_SPELLED
    def predict_proba(self, X: Any) -> Any:
        """Predict the probabilities of the classes.

        Args:
            X: The features, with the columns of the fit.

        Returns:
            A dict from each classification task to an array of shape (N, classes), in
            the order of `classes_`; one array if y had one dimension.

        Raises:
            UserError: If no task has classes.
        """
        _, outputs = self._outputs(X)
        chosen = [each for each in self.targets_ if each.classes is not None]
        if not chosen:
            raise UserError(
                "predict_proba: expected a task with classes. Received: quantities "
                "alone. Call predict."
            )
        return self._by_task(
            {each.name: each.probabilities(outputs[each.task]) for each in chosen}
        )

    @_SPELLED
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score predictions by the mean of the tasks' accuracies and R2.

        Args:
            X: The features.
            y: The labels, as for `fit`. Rows without the label of a task are left out
                for this task.
            sample_weight: The weight of each row, of shape (N,).

        Returns:
            The mean over the tasks of the accuracy, or R2 for regressions.
        """
        frame, outputs = self._outputs(X)
        labels = target_frame(y, frame.index)
        positions = {str(name): place for place, name in enumerate(labels)}
        absent = [each.text for each in self.targets_ if each.text not in positions]
        if len(labels.columns) < len(self.targets_) or (
            0 < len(absent) < len(self.targets_)
        ):
            raise UserError(
                f"y: expected the columns of the fit, one per task. Received: "
                f"{', '.join(positions)}, without {', '.join(absent)}. Pass all "
                "of them; a missing label is NaN or None."
            )
        scores = []
        for position, target in enumerate(self.targets_):
            # An array has no names: its columns are in the order of the fit.
            column = labels.iloc[:, positions.get(target.text, position)]
            known = column.notna().to_numpy()
            if known.any():
                weights = None if sample_weight is None else np.asarray(sample_weight)
                weights = weights if weights is None else weights[known]
                predicted = target.predictions(outputs[target.task])[known]
                scores.append(_score(target, column[known], predicted, weights))
        if not scores:
            raise UserError(
                "y: expected a label in at least one row. Received: none. Give rows "
                "with labels."
            )
        return float(np.mean(scores))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags

    def _settings(self) -> dict[str, Any]:
        """Return the parameters that are given, nested as in a TOML file."""
        state = self.random_state
        if not isinstance(state, (int, np.integer)):
            state = check_random_state(state).randint(2**31 - 1)
        values: dict[str, Any] = {"preset": self.preset, "seed": int(state)}
        for name, section in PLACES.items():
            value = getattr(self, name)
            if value is not None:
                values.setdefault(section, {})[name] = value
        return values

    def _outputs(self, X: Any) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
        check_is_fitted(self)
        from keras_mtl.runs.predictions import predict_frame

        frame = feature_frame(X)
        if not isinstance(X, pd.DataFrame) and len(frame.columns) == len(
            self.feature_names_in_
        ):
            frame.columns = pd.Index(self.feature_names_in_)
        absent = [name for name in self.feature_names_in_ if name not in frame]
        if absent or len(frame.columns) != self.n_features_in_:
            known = set(self.feature_names_in_)
            more = [str(name) for name in frame if name not in known]
            raise UserError(
                # The first sentence is scikit-learn's own, which its checks look for.
                f"X has {len(frame.columns)} features, but MultiTaskEstimator is "
                f"expecting {self.n_features_in_} features as input. Missing: "
                f"{', '.join(absent) or 'none'}. Not in the fit: "
                f"{', '.join(more) or 'none'}. Pass the columns of the fit."
            )
        rows = ColumnStore(store_columns(frame[list(self.feature_names_in_)]))
        errors: list[str] = []
        for feature in self.model_.features:
            errors += feature.check_readable(rows, "X")
        if errors:
            raise UserError(*errors)
        return frame, predict_frame(self.model_, rows)

    def _by_task(self, values: dict[Any, Any]) -> Any:
        if self._one_dimension and values:
            return next(iter(values.values()))
        return values


def _score(
    target: Target, labels: pd.Series, predicted: np.ndarray, weights: Any
) -> float:
    if target.classes is None:
        return float(r2_score(labels, predicted, sample_weight=weights))
    truth = np.asarray(labels)
    if target.classes.dtype.kind in "iu":
        # Gaps made floats of them; the classes are whole numbers.
        truth = truth.astype(target.classes.dtype)
    return float(accuracy_score(truth, predicted, sample_weight=weights))
