"""Training the regressors of all activations, and measuring them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import keras
import numpy as np

from keras_mtl.analysis import unit_activity
from studies.curve_rows import CurveRows
from studies.regressor_bank import RegressorBank, summed_squared_error
from studies.settings import StudySettings
from studies.shuffled_columns import ShuffledColumns
from studies.straight_line import collapse_to_line

__all__ = ["ActivationResult", "ActivationStudy", "Scales", "study_activations"]


# Following all networks on all rows takes longer than an epoch of training.
EPOCHS_A_POINT = 3


@dataclass(frozen=True)
class ActivationResult:
    """The networks of one activation, K seeds of it.

    Attributes:
        answers: Their answers on the test rows, (K, rows).
        mse: Their mean squared errors on the test rows, (K,).
        r2: The shares of the test rows' variance that they explain, (K,).
        training_curve: The mean squared error on the training rows at the
            study's `epochs`, (points, K).
        test_curve: The same on the test rows, (epochs, K); nothing is chosen
            by it.
        idle: The shares of their units that answer `zero`, have `no_gradient`
            or are `saturated` on all training rows.
    """

    answers: np.ndarray
    mse: np.ndarray
    r2: np.ndarray
    training_curve: np.ndarray
    test_curve: np.ndarray
    idle: dict[str, float]


@dataclass(frozen=True)
class ActivationStudy:
    """What a study found.

    Attributes:
        settings: How it was made.
        rows: The data.
        scales: The networks' inputs and labels, from those of the data.
        bank: The trained networks.
        results: By activation.
        line: Slope and intercept of the linear regression on training rows.
        line_error: The slope's standard error.
        line_mse: The line's mean squared error on the test rows.
        line_r2: The share of their variance that it explains.
    """

    settings: StudySettings
    rows: CurveRows
    scales: Scales
    bank: RegressorBank
    results: dict[str, ActivationResult]
    line: np.ndarray
    line_error: float
    line_mse: float
    line_r2: float

    @property
    def epochs(self) -> np.ndarray:
        """The epochs after which the errors were followed, (points,)."""
        last = self.settings.epochs
        points = np.arange(EPOCHS_A_POINT, last + 1, EPOCHS_A_POINT)
        return points if last % EPOCHS_A_POINT == 0 else np.append(points, last)

    def regressor(self, activation: str, seed: int) -> keras.Sequential:
        """Takes one network out, from the data's x to its y.

        The scales are multiplied into its first and its last layer.
        """
        model = self.bank.regressor(activation, seed)
        first, last = model.get_layer("dense_1"), model.get_layer("dense_output")
        kernel, bias = (weight.astype("float64") for weight in first.get_weights())
        kernel = kernel / self.scales.x_scale
        first.set_weights([kernel, bias - self.scales.x_mean * kernel[0]])
        kernel, bias = (weight.astype("float64") for weight in last.get_weights())
        kernel, bias = kernel * self.scales.y_scale, bias * self.scales.y_scale
        last.set_weights([kernel, bias + self.scales.y_mean])
        return model

    def answers(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Answers x, (N,), with all networks: by activation (K, N)."""
        answers = self.bank.answers((x - self.scales.x_mean) / self.scales.x_scale)
        answers = self.scales.y_mean + self.scales.y_scale * answers
        return dict(zip(self.results, answers, strict=True))

    def collapsed_lines(self) -> np.ndarray:
        """Slope and intercept of each network without activation, (K, 2)."""
        if "none" not in self.results:
            return np.zeros((0, 2))
        lines = [
            collapse_to_line(self.regressor("none", seed)) for seed in self.bank.seeds
        ]
        return np.array([[kernel.item(), bias.item()] for kernel, bias in lines])


class Scales(NamedTuple):
    """Means and standard deviations of the training rows."""

    x_mean: float
    x_scale: float
    y_mean: float
    y_scale: float


def study_activations(
    rows: CurveRows,
    settings: StudySettings,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> ActivationStudy:
    """Trains the regressors of all activations and seeds in one program.

    The networks of one seed start from the same weights and see the same
    batches: nothing but the activation differs between them. They are trained
    on standardised numbers; the scales are then multiplied into the first and
    the last layer, so that the models are in the data's own units.

    Args:
        rows: The data.
        settings: What is compared, and how it is trained.
        on_epoch: Called after each epoch with its number, from 1, and the mean
            of the networks' training losses.
    """
    x, y = rows.train
    scales = Scales(x.mean(), x.std(), y.mean(), y.std())
    bank = RegressorBank(
        settings.activations,
        range(settings.seed, settings.seed + settings.seeds),
        negative_slope=settings.negative_slope,
    )
    inputs = (rows.x - scales.x_mean) / scales.x_scale
    labels = (rows.y - scales.y_mean) / scales.y_scale
    curves = scales.y_scale**2 * _train(bank, rows, inputs, labels, settings, on_epoch)
    # All rows once more: another number of rows would be compiled anew.
    answers = scales.y_mean + scales.y_scale * bank.answers(inputs)
    answers = answers[..., rows.test_rows]
    idle = _idle_units(bank, inputs[rows.train_rows])
    results = {}
    for index, name in enumerate(bank.activations):
        mse, r2 = _scores(rows, answers[index])
        results[name] = ActivationResult(
            answers[index],
            mse,
            r2,
            curves[:, index, 0],
            curves[:, index, 1],
            idle[name],
        )
    line = np.polyfit(x, y, 1)
    error = np.std(y - np.polyval(line, x)) / np.sqrt(max(len(x) - 2, 1)) / np.std(x)
    line_mse, line_r2 = _scores(rows, np.polyval(line, rows.test[0]))
    return ActivationStudy(
        settings,
        rows,
        scales,
        bank,
        results,
        line,
        float(error),
        float(line_mse),
        float(line_r2),
    )


def _train(
    bank: RegressorBank,
    rows: CurveRows,
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: StudySettings,
    on_epoch: Callable[[int, dict[str, float]], None] | None,
) -> np.ndarray:
    """Trains a bank and follows its errors: (points, activations, 2, seeds)."""
    batches = ShuffledColumns(
        inputs[rows.train_rows],
        labels[rows.train_rows],
        settings.batch_size,
        bank.seeds,
        repeats=len(bank.activations),
    )
    steps = settings.epochs * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    bank.model.compile(
        keras.optimizers.Adam(rate), loss=summed_squared_error, jit_compile=True
    )
    curves: list[np.ndarray] = []

    def follow(epoch: int, logs: dict[str, float]) -> None:
        if on_epoch is not None:
            lanes = len(bank.activations) * len(bank.seeds)
            on_epoch(epoch + 1, {"loss": logs["loss"] / lanes})
        if (epoch + 1) % EPOCHS_A_POINT and epoch + 1 < settings.epochs:
            return
        errors = (bank.answers(inputs) - labels) ** 2
        sides = [
            errors[..., side].mean(-1) for side in (rows.train_rows, rows.test_rows)
        ]
        curves.append(np.stack(sides, axis=1))

    bank.model.fit(
        batches,
        epochs=settings.epochs,
        # The batches shuffle themselves, each column on its own.
        shuffle=False,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=follow)],
    )
    return np.stack(curves)


def _idle_units(bank: RegressorBank, x: np.ndarray) -> dict[str, dict[str, float]]:
    columns = np.repeat(x.astype("float32")[:, None], len(bank.seeds), axis=1)
    activity = unit_activity(bank.model, columns)
    names = activity["layer"].str.rpartition("_")[0]
    idle = {}
    for name in bank.activations:
        part = activity[names == name]
        units = max(int(part["units"].sum()), 1)
        idle[name] = {
            kind: float((part[kind] * part["units"]).sum()) / units
            for kind in ("zero", "no_gradient", "saturated")
        }
    return idle


def _scores(rows: CurveRows, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores answers on the test rows, (..., rows): their MSE and R2, (...)."""
    y = rows.test[1]
    mse = np.mean((y - answers) ** 2, axis=-1)
    return mse, 1 - mse / np.var(y)
