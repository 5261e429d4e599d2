"""Cross-validation inside the trials of any keras-tuner tuner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from keras_mtl.errors import UserError
from keras_mtl.splits import fold_rows

__all__ = ["CrossValidation"]


class CrossValidation:
    """A mixin that measures each trial of a keras-tuner tuner in several folds.

    Put the mixin before the tuner's class. `search(x, y, ...)` then takes arrays, or
    dicts or lists of arrays, and no `validation_data`. For each fold, a new model is
    built, trained on the other folds' rows and validated on the fold's rows. The tuner
    gets the mean over the folds of the metrics at each model's best epoch by the
    objective.

    Args:
        *args: The tuner's arguments.
        folds: The number of folds.
        fold_seed: The seed of the folds, the same for all trials.
        **kwargs: The tuner's arguments.

    Attributes:
        fold_values: The objective's value in each fold, by trial id. The spread shows
            which differences between trials are significant.

    Example:

    >>> import keras, keras_tuner, tempfile
    >>> class Search(CrossValidation, keras_tuner.RandomSearch):
    ...     '''A random search whose trials are cross-validated.'''
    >>> def build(hp):
    ...     model = keras.Sequential([keras.layers.Dense(1)])
    ...     rate = hp.Choice("rate", [0.1, 0.01])
    ...     model.compile(keras.optimizers.SGD(rate), loss="mse")
    ...     return model
    >>> tuner = Search(
    ...     build, objective="val_loss", max_trials=2, folds=3, seed=1,
    ...     directory=tempfile.mkdtemp(),
    ... )
    >>> x = np.linspace(0, 1, 30).reshape(-1, 1)
    >>> tuner.search(x, 2 * x, epochs=2, verbose=0)
    >>> sorted(len(values) for values in tuner.fold_values.values())
    [3, 3]
    """

    def __init__(
        self, *args: Any, folds: int = 3, fold_seed: int = 0, **kwargs: Any
    ) -> None:
        if folds < 2:
            raise UserError(
                "Invalid value received for argument `folds`. Expected at least 2. "
                f"Received: folds={folds!r}."
            )
        self.folds, self.fold_seed = folds, fold_seed
        self.fold_values: dict[str, list[float]] = {}
        super().__init__(*args, **kwargs)

    # Every tuner of keras-tuner calls this method once per execution of a trial, after
    # its own `run_trial`, which for Hyperband sets the epochs.
    def _build_and_fit_model(
        self, trial: Any, x: Any, y: Any = None, **kwargs: Any
    ) -> dict[str, float]:
        """Train and measure a trial in all folds; called by the tuner.

        Args:
            trial: The trial.
            x: The inputs of all rows.
            y: The labels of all rows.
            **kwargs: Further arguments of Keras's `fit`. `sample_weight` is split like
                the rows.

        Returns:
            The means over the folds of the metrics at each fold's best epoch.

        Raises:
            UserError: If `validation_data` or `validation_split` is given, or `x`
                does not consist of arrays.
        """
        for name in ("validation_data", "validation_split"):
            if kwargs.pop(name, None):
                raise UserError(
                    f"Invalid argument `{name}` of `search`. Expected none: the rows "
                    "of each fold are the validation rows."
                )
        # Hyperband would start from weights that were trained on a fold's rows.
        kwargs.pop("initial_epoch", None)
        weight = kwargs.pop("sample_weight", None)
        hp = trial.hyperparameters
        measured = []
        for train, held_out in self._folds(x):
            given = _take((x, y, weight), train)
            arguments = dict(
                kwargs, validation_data=_pair(_take((x, y, weight), held_out))
            )
            if weight is not None:
                arguments["sample_weight"] = given[2]
            model = self.hypermodel.build(hp)  # type: ignore[attr-defined]
            result = self.hypermodel.fit(  # type: ignore[attr-defined]
                hp, model, *given[: 1 if y is None else 2], **arguments
            )
            measured.append(self._metrics(result))
        objective = self.oracle.objective.name  # type: ignore[attr-defined]
        self.fold_values[trial.trial_id] = [each[objective] for each in measured]
        return {
            name: float(np.mean([each[name] for each in measured]))
            for name in measured[0]
        }

    def _folds(self, x: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        arrays = keras.tree.flatten(x)
        counts = {len(each) for each in arrays if hasattr(each, "__len__")}
        if len(counts) != 1 or not all(hasattr(each, "shape") for each in arrays):
            raise UserError(
                "Invalid value received for argument `x` of `search`. Expected arrays "
                "with one row per example, as folds are rows. Received: "
                f"{type(x).__name__}."
            )
        (count,) = counts
        strata = np.zeros(count, "int64")
        numbers = fold_rows(strata, folds=self.folds, seed=self.fold_seed)
        for number in range(self.folds):
            yield np.flatnonzero(numbers != number), np.flatnonzero(numbers == number)

    def _metrics(self, result: Any) -> dict[str, float]:
        """Return the metrics of a fold at its best epoch by the objective."""
        objective = self.oracle.objective  # type: ignore[attr-defined]
        if isinstance(result, keras.callbacks.History):
            result = result.history
        if not isinstance(result, Mapping):
            return {objective.name: float(result)}
        series = {name: np.atleast_1d(values) for name, values in result.items()}
        best = np.nanargmax if objective.direction == "max" else np.nanargmin
        epoch = int(best(series[objective.name]))
        return {name: float(values[epoch]) for name, values in series.items()}


def _take(values: Any, rows: np.ndarray) -> Any:
    return keras.tree.map_structure(
        lambda each: None if each is None else each[rows], values
    )


def _pair(values: Any) -> Any:
    return values[:2] if values[2] is None else values
