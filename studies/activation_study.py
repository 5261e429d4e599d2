"""Training and evaluation of the regressors of all activations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import keras
import numpy as np

from keras_mtl.analysis import unit_activity
from keras_mtl.architectures.regressors import WIDTHS, build_regressor
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import RegressionTask
from keras_mtl.training import MemberFit, MemberSettings, TrainingSettings, fit_members
from studies.curve_rows import CurveRows
from studies.settings import StudySettings
from studies.straight_line import collapse_to_line

__all__ = ["ActivationResult", "ActivationStudy", "Scales", "study_activations"]

TASK = "y"


@dataclass(frozen=True)
class ActivationResult:
    """The results of the networks of one activation, for K seeds.

    Attributes:
        answers: The predictions for the test rows, (K, rows).
        mse: The mean squared errors on the test rows, (K,).
        r2: The explained shares of the test rows' variance, (K,).
        training_curve: The mean squared error on the training rows during each epoch,
            (epochs, K).
        test_curve: The mean squared error on the test rows after each epoch, (epochs,
            K), which is not used for any choice.
        idle: The shares of units that are `zero`, have `no_gradient` or are `saturated`
            on all training rows.
    """

    answers: np.ndarray
    mse: np.ndarray
    r2: np.ndarray
    training_curve: np.ndarray
    test_curve: np.ndarray
    idle: dict[str, float]


@dataclass(frozen=True)
class ActivationStudy:
    """Results of a study.

    Attributes:
        settings: The settings of the study.
        rows: The data.
        scales: The scales of inputs and labels.
        networks: The trained networks by activation, one per seed.
        results: The results by activation.
        line: The slope and the intercept of the linear regression on training rows.
        line_error: The standard error of the slope.
        line_mse: The mean squared error of the line on the test rows.
        line_r2: The share of the test rows' variance that the line explains.
    """

    settings: StudySettings
    rows: CurveRows
    scales: Scales
    networks: Mapping[str, Sequence[MultiTaskModel]]
    results: dict[str, ActivationResult]
    line: np.ndarray
    line_error: float
    line_mse: float
    line_r2: float

    @property
    def epochs(self) -> np.ndarray:
        """The numbers of the epochs of the curves, (epochs,)."""
        return np.arange(1, self.settings.epochs + 1)

    @property
    def seeds(self) -> range:
        """The seeds of each activation's networks."""
        return range(self.settings.seed, self.settings.seed + self.settings.seeds)

    def regressor(self, activation: str, seed: int) -> keras.Sequential:
        """Return one network, from the data's x to its y.

        The scales are multiplied into the first and the last layer.
        """
        network = self.networks[activation][self.seeds.index(seed)]
        model = build_regressor(
            leaky_relu=False,
            activation=activation,
            negative_slope=self.settings.negative_slope,
        )
        model.set_weights(network.get_layer("regressor").get_weights())
        first, last = model.get_layer("dense_1"), model.get_layer("dense_output")
        kernel, bias = (weight.astype("float64") for weight in first.get_weights())
        kernel = kernel / self.scales.x_scale
        first.set_weights([kernel, bias - self.scales.x_mean * kernel[0]])
        kernel, bias = (weight.astype("float64") for weight in last.get_weights())
        kernel, bias = kernel * self.scales.y_scale, bias * self.scales.y_scale
        last.set_weights([kernel, bias + self.scales.y_mean])
        return model

    def answers(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Predict x, (N,), with all networks: a dict of arrays (K, N) by activation."""
        inputs = (x - self.scales.x_mean) / self.scales.x_scale
        return {
            name: self.scales.y_mean + self.scales.y_scale * _answers(networks, inputs)
            for name, networks in self.networks.items()
        }

    def collapsed_lines(self) -> np.ndarray:
        """Return slope and intercept of each network without activation, (K, 2)."""
        if "none" not in self.results:
            return np.zeros((0, 2))
        lines = [collapse_to_line(self.regressor("none", seed)) for seed in self.seeds]
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
    """Train the regressors of all activations, and measure them.

    The networks of one activation are members of one fit. Networks of one seed have the
    same initial weights and the same batches for all activations, so they differ only
    in the activation. They are trained on standardized numbers. The scales are then
    multiplied into the first and the last layer, so the models use the data's own
    units.

    Args:
        rows: The data.
        settings: The settings of the study.
        on_epoch: A function that is called after each epoch with its number, from 1 and
            counted over all activations, and the mean of the training losses.
    """
    x, y = rows.train
    scales = Scales(x.mean(), x.std(), y.mean(), y.std())
    inputs = ((rows.x - scales.x_mean) / scales.x_scale).astype("float32")
    labels = ((rows.y - scales.y_mean) / scales.y_scale).astype("float32")
    networks, results = {}, {}
    for number, name in enumerate(settings.activations):
        fit = _train(name, number, rows, inputs, labels, settings, on_epoch)
        networks[name] = fit.members
        answers = scales.y_mean + scales.y_scale * _answers(fit.members, inputs)
        answers = answers[:, rows.test_rows]
        mse, r2 = _scores(rows, answers)
        results[name] = ActivationResult(
            answers,
            mse,
            r2,
            scales.y_scale**2 * fit.history[f"{TASK}_loss"],
            scales.y_scale**2 * fit.history[f"val_{TASK}_mse"],
            _idle_units(fit.members, inputs[rows.train_rows]),
        )
    line = np.polyfit(x, y, 1)
    error = np.std(y - np.polyval(line, x)) / np.sqrt(max(len(x) - 2, 1)) / np.std(x)
    line_mse, line_r2 = _scores(rows, np.polyval(line, rows.test[0]))
    return ActivationStudy(
        settings,
        rows,
        scales,
        networks,
        results,
        line,
        float(error),
        float(line_mse),
        float(line_r2),
    )


def _build(activation: str, negative_slope: float) -> MultiTaskModel:
    """Build a regressor as a model of one task."""
    task = RegressionTask(TASK)
    inputs = keras.Input((1,), name="x")
    regressor = build_regressor(
        WIDTHS, leaky_relu=False, activation=activation, negative_slope=negative_slope
    )
    return MultiTaskModel(inputs, {TASK: regressor(inputs)}, tasks=[task])


def _train(
    activation: str,
    number: int,
    rows: CurveRows,
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: StudySettings,
    on_epoch: Callable[[int, dict[str, float]], None] | None,
) -> MemberFit:
    """Train the networks of an activation, the members of one fit."""
    seeds = range(settings.seed, settings.seed + settings.seeds)
    training = TrainingSettings(
        members=settings.seeds,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        schedule="cosine",
    )

    def follow(epoch: int, means: dict[str, float]) -> None:
        if on_epoch is not None:
            # Epochs are counted over all activations, as for one fit.
            on_epoch(number * settings.epochs + epoch, {"loss": means["loss"]})

    return fit_members(
        _build(activation, settings.negative_slope),
        inputs[:, None],
        {TASK: labels},
        training,
        rows=[rows.train_rows] * len(seeds),
        validation_rows=[rows.test_rows] * len(seeds),
        on_epoch=follow,
        own=MemberSettings(numbers=list(seeds)),
    )


def _answers(networks: Sequence[MultiTaskModel], inputs: np.ndarray) -> np.ndarray:
    """Return the networks' predictions, (K, N), for inputs, (N,)."""
    column = np.asarray(inputs, "float32")[:, None]
    return np.stack(
        [np.asarray(each(column, training=False)[TASK])[:, 0] for each in networks]
    )


def _idle_units(networks: Sequence[MultiTaskModel], x: np.ndarray) -> dict[str, float]:
    """Return the shares of the networks' idle units."""
    kinds = ("zero", "no_gradient", "saturated")
    tables = [
        unit_activity(each.get_layer("regressor"), x.astype("float32")[:, None])
        for each in networks
    ]
    units = max(sum(int(table["units"].sum()) for table in tables), 1)
    return {
        kind: sum(float((table[kind] * table["units"]).sum()) for table in tables)
        / units
        for kind in kinds
    }


def _scores(rows: CurveRows, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute MSE and R2, (...), of predictions for the test rows, (..., rows)."""
    y = rows.test[1]
    mse = np.mean((y - answers) ** 2, axis=-1)
    return mse, 1 - mse / np.var(y)
