"""Choice of the settings of the preset `best` by the loss on validation rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import numpy as np

from keras_mtl._core.named_settings import NamedSettings
from keras_mtl.architectures import build_architecture
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.features import build_encoder, encode_frame, learn_features
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.training import fit_members

__all__ = ["Choice", "choice_sentence", "choose_by_validation"]

# The settings to choose in turn, each with the best settings before it. The first
# choice of each is that of the preset `default`.
ARCHITECTURES = ("hard-sharing", "single-task", "cross-stitch", "mmoe", "ple")
WIDTH_FACTORS = (1.0, 0.5, 2.0)
WEIGHTINGS = ("sum", "uncertainty", "dwa", "upgrad")
# Slow training: a factor of the learning rate, and the least epochs and patience.
SLOW_RATE, SLOW_EPOCHS, SLOW_PATIENCE = 0.25, 300, 50
# The number of networks per candidate, each with its own validation rows.
MEMBERS = 5


@dataclass(frozen=True)
class Choice:
    """The result of a candidate.

    Attributes:
        name: The changed setting, such as `"architecture mmoe"`.
        losses: The members' best validation losses, each the sum of the tasks' losses,
            of shape (members,).
        chosen: Whether the candidate was better than the best before it by more than
            the standard error of their difference over the members.
    """

    name: str
    losses: np.ndarray
    chosen: bool


def choose_by_validation(
    data: PreparedData, on_choice: Callable[[Choice], object] = lambda choice: None
) -> FitConfig:
    """Choose the settings that a fit leaves to validation.

    Architecture, widths, weighting and learning rate are chosen one after the other on
    the training rows. All candidates train the same number of networks with the same
    validation rows. A candidate replaces the best one before it if its losses are
    smaller by more than one standard error of the mean difference, since the smallest
    loss of many candidates is often luck.

    Args:
        data: The result of `prepare_data`.
        on_choice: A function that is called after each candidate.

    Returns:
        The settings, with all choices made.
    """
    config = data.config
    keras.utils.set_random_seed(config.seed)
    rows = data.train_rows
    features = learn_features(data.features, data.rows, rows)
    tasks = [task.learn(data.labels[task.name][rows]) for task in data.tasks]
    encoder = build_encoder(features)
    matrix = np.empty((len(data.rows), encoder.output_shape[-1]), "float32")
    encode_frame(encoder, features, data.rows, out=matrix)

    def losses_of(candidate: FitConfig) -> np.ndarray:
        named = {task.name: task.widths for task in candidate.tasks}
        heads = [task.replace(widths=named[task.name]) for task in tasks]
        network = build_architecture(
            candidate.model.architecture,
            matrix.shape[1],
            heads,
            candidate.model,
            features,
        )
        members = min(MEMBERS, len(data.members.train))
        fit = fit_members(
            network,
            matrix,
            data.labels,
            candidate.training.replace(members=members),
            rows=data.members.train[:members],
            validation_rows=(data.members.validation or [])[:members],
            seed=config.seed,
            sample_weight=data.sample_weight,
        )
        losses = np.nanmin(fit.history["val_loss"], axis=0)
        keras.backend.clear_session()
        return losses

    best = config.replace(by_validation=())
    least = losses_of(best)
    on_choice(Choice("the default", least, True))
    for step in config.by_validation:
        winner = best
        for name, candidate in _candidates(step, best):
            losses = losses_of(candidate)
            gains = least - losses
            error = gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else 0.0
            better = bool(gains.mean() > error)
            on_choice(Choice(name, losses, better))
            if better:
                winner, least = candidate, losses
        best = winner
    return best


def choice_sentence(choice: Choice) -> str:
    """Describe the result of a candidate in one line."""
    told = "chosen so far" if choice.chosen else "not better by a standard error"
    return f"{choice.name}: validation loss {choice.losses.mean():.4f}, {told}"


def _candidates(step: str, best: FitConfig) -> Iterator[tuple[str, FitConfig]]:
    """Yield the candidates of a step beside the best settings so far."""
    if step == "model.architecture":
        for name in ARCHITECTURES:
            if name != best.model.architecture.name:
                model = best.model.replace(architecture=NamedSettings(name))
                yield f"architecture {name}", best.replace(model=model)
    elif step == "model.trunk":
        for factor in WIDTH_FACTORS[1:]:
            yield f"{factor:g} times the widths", _scaled(best, factor)
    elif step == "training.learning_rate":
        slow = _slowed(best)
        rate, patience = slow.training.learning_rate, slow.training.patience
        yield f"learning rate {rate:g} with a patience of {patience} epochs", slow
    elif len(best.tasks) > 1 and best.model.architecture.name != "single-task":
        # Without shared layers, a weighting has nothing to balance.
        for name in WEIGHTINGS:
            if name != best.training.weighting.name:
                training = best.training.replace(weighting=NamedSettings(name))
                yield f"weighting {name}", best.replace(training=training)


def _slowed(config: FitConfig) -> FitConfig:
    training = config.training
    return config.replace(
        training=training.replace(
            learning_rate=SLOW_RATE * training.learning_rate,
            epochs=max(training.epochs, SLOW_EPOCHS),
            patience=max(training.patience, SLOW_PATIENCE),
        )
    )


def _scaled(config: FitConfig, factor: float) -> FitConfig:
    def scale(widths: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(max(2, round(width * factor)) for width in widths)

    tasks = tuple(task.replace(widths=scale(task.widths)) for task in config.tasks)
    model = config.model.replace(trunk=scale(config.model.trunk))
    return config.replace(model=model, tasks=tasks)
